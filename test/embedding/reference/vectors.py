"""Known vectors of each model by the reference implementation, one text a run, the graph as it is in the file.

  pip install -r test/embedding/reference/requirements.txt
  for m in bge-small-en-v1.5 minilm-l6-v2 mpnet-base-v2 static-384-8k static-768-8k; do
    python test/embedding/reference/vectors.py ../shared/models/$m > test/embedding/reference/$m.golden.json
  done
"""
import base64
import json
import pathlib
import sys

import numpy as np
import onnxruntime as ort
from tokenizers import Tokenizer

TEXTS = [
    "king",
    "The cat sat on the mat.",
    "Caroline: I went to a LGBTQ support group yesterday and it was so powerful.",
    "naïve café — 東京 𠮷野家 🙂 👩🏽‍🚀 don't",
    "def main(): return {'a': [1, 2.5e-3]}  # tabs\tand\nlines",
    "My sister and I went hiking in the mountains last weekend; it rained, and we laughed about it. " * 40,
    "",
]
QUERIES = ["how do I get my refund?", "king"]


def main(directory):
    config = json.loads((directory / "config.json").read_text())
    tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(config["maxTokens"])
    options = ort.SessionOptions()
    # No rewriting of the graph: some rewritings replace float arithmetic by 8-bit arithmetic.
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = ort.InferenceSession(str(directory / "model_int8.onnx"), options)

    def vector(text):
        ids = np.array([tokenizer.encode(text).ids], np.int64)
        feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        tokens = session.run(None, {name: feeds[name] for name in config["inputs"]})[0][0]
        pooled = tokens[0] if config["pooling"] == "cls" else tokens.mean(axis=0, dtype=np.float64)
        return (pooled / np.linalg.norm(pooled)).astype("<f4"), ids.shape[1]

    def case(kind, text):
        made, tokens = vector((config["queryPrefix"] if kind == "query" else config["documentPrefix"]) + text)
        return {"kind": kind, "text": text, "tokens": tokens, "float32": base64.b64encode(made.tobytes()).decode()}

    cases = [case("passage", text) for text in TEXTS] + [case("query", text) for text in QUERIES]
    json.dump({"model": config["name"], "cases": cases}, sys.stdout, indent=1, ensure_ascii=False)
    print()


main(pathlib.Path(sys.argv[1]))
