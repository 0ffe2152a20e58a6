"""Token ids of the generated texts by the reference implementation, as hashes of blocks of texts.

  pip install -r test/embedding/reference/requirements.txt
  node test/embedding/reference/texts.ts > /tmp/texts.jsonl
  python test/embedding/reference/tokens.py /tmp/texts.jsonl demo/models/static-384-8k ../shared/models/minilm-l6-v2 \
      ../shared/models/mpnet-base-v2 > test/embedding/reference/tokens.golden.json
"""
import hashlib
import json
import pathlib
import sys

from tokenizers import Tokenizer

BLOCK = 100


def encode(directory, texts):
    config = json.loads((directory / "config.json").read_text())
    tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    totals = [len(tokenizer.encode(text).ids) for text in texts]
    tokenizer.enable_truncation(config["maxTokens"])
    lines = []
    for text, total in zip(texts, totals):
        ids = tokenizer.encode(text).ids
        lines.append(",".join(map(str, ids)) + "|" + str(total - len(ids)))
    return lines


def blocks(lines):
    return [
        hashlib.sha256("\n".join(lines[at : at + BLOCK]).encode()).hexdigest()[:16]
        for at in range(0, len(lines), BLOCK)
    ]


def main():
    texts = [json.loads(line) for line in open(sys.argv[1], encoding="utf-8")]
    models = {}
    for path in map(pathlib.Path, sys.argv[2:]):
        lines = encode(path, texts)
        models[path.name] = {"cut": sum(not line.endswith("|0") for line in lines), "blocks": blocks(lines)}
    texts_hash = hashlib.sha256("\n".join(texts).encode()).hexdigest()
    json.dump({"block": BLOCK, "texts": len(texts), "textsSha256": texts_hash, "models": models}, sys.stdout, indent=1)
    print()


main()
