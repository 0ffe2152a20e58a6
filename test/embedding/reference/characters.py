"""What the reference makes of every code point between two letters: normalised, and cut into words; as hashes.

  python test/embedding/reference/characters.py > test/embedding/reference/characters.golden.json
"""
import hashlib
import json
import sys

from tokenizers import normalizers, pre_tokenizers

BLOCK = 0x1000

normalizer = normalizers.BertNormalizer()
splitter = pre_tokenizers.BertPreTokenizer()


def line_of(code):
    if 0xD800 <= code < 0xE000:
        return ""
    raw = f"a{chr(code)}b"
    words = [word for word, _ in splitter.pre_tokenize_str(raw)]
    return normalizer.normalize_str(raw) + "\x1f" + "\x1e".join(words)


def hash_of(start):
    lines = [line_of(code) for code in range(start, start + BLOCK)]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


json.dump({"block": BLOCK, "blocks": [hash_of(start) for start in range(0, 0x110000, BLOCK)]}, sys.stdout, indent=1)
print()
