"""The first user's way: onnxruntime, one text a call, in arrival order. Speaks as bench/embed-way.ts does.

  python bench/embed_seed.py <model directory> <graph>
"""
import json
import os
import pathlib
import resource
import sys
import time

STARTED = time.time()

# The runtime reports its use to its makers unless it is told not to.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"
import numpy as np
import onnxruntime as ort
from tokenizers import Tokenizer

directory = pathlib.Path(sys.argv[1])
config = json.loads((directory / "config.json").read_text())
tokenizer = Tokenizer.from_file(str(directory / "tokenizer.json"))
tokenizer.no_padding()
tokenizer.enable_truncation(config["maxTokens"])
ort.set_default_logger_severity(3)
session = ort.InferenceSession(sys.argv[2])


def embed(text):
    ids = np.array([tokenizer.encode(text).ids], np.int64)
    feeds = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
    tokens = session.run(None, {name: feeds[name] for name in config["inputs"]})[0][0]
    pooled = tokens[0] if config["pooling"] == "cls" else tokens.mean(axis=0)
    return pooled / np.linalg.norm(pooled)


embed("A first text.")
print(json.dumps({"coldMs": round(1000 * (time.time() - STARTED))}), flush=True)
for line in sys.stdin:
    request = json.loads(line)
    cpu, started = time.process_time(), time.time()
    vectors = [embed(text).tolist() for text in request["texts"]]
    answer = {
        "ms": 1000 * (time.time() - started),
        "cpuMs": 1000 * (time.process_time() - cpu),
        "maxRssMiB": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
    }
    print(json.dumps({**answer, "vectors": vectors} if request["wantsVectors"] else answer), flush=True)
