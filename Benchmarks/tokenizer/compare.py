"""Times `winnow tokenize` against Hugging Face's tokenizers, one thread each: `compare.py WINNOW TOKENIZER_JSON FILE… [--rounds N]`.

Each round starts one process of either side, in turn, so that both meet the same machine. What counts is encoding alone: winnow's own
clock around it, `perf_counter` around `encode_batch_fast` (which leaves out offsets, as winnow does) with one thread. Both start with
empty caches. Files are documents; give several of the size that you have. Before any figure is printed, the ids
of both sides are compared.

Needs the `tokenizers` package; prints the fastest round of either side.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time


def hugging_face(tokenizer_json, files):
    """Runs in a process of its own: prints the seconds, then the ids of every file."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(tokenizer_json)
    texts = [open(path, "rb").read().decode("utf-8", errors="replace") for path in files]
    start = time.perf_counter()
    encodings = [tokenizer.encode_batch_fast([text], add_special_tokens=False)[0] for text in texts]
    print(time.perf_counter() - start)
    for encoding in encodings:
        print(json.dumps({"ids": encoding.ids}))


def run(command):
    environment = dict(os.environ, TOKENIZERS_PARALLELISM="false", RAYON_NUM_THREADS="1")
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.splitlines()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("winnow")
    parser.add_argument("tokenizer_json")
    parser.add_argument("files", nargs="+")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()

    theirs = [sys.executable, __file__, "--hugging-face", options.tokenizer_json, *options.files]
    ours = [options.winnow, "tokenize", "--model", options.tokenizer_json, *options.files]
    if [json.loads(line) for line in run(theirs)[1:]] != [json.loads(line) for line in run(ours + ["--json"])]:
        sys.exit("the ids differ: a speed would mean nothing")

    peer, winnow = [], []
    for _ in range(options.rounds):
        peer.append(float(run(theirs)[0]))
        winnow.append(sum(float(re.search(r"([\d.]+) s,", line).group(1)) for line in run(ours)))
    size = sum(os.path.getsize(path) for path in options.files) / 1e6
    print(f"{size:.2f} MB in {len(options.files)} files, best of {options.rounds} rounds")
    print(f"tokenizers  {min(peer):8.4f} s  {size / min(peer):7.1f} MB/s")
    print(f"winnow      {min(winnow):8.4f} s  {size / min(winnow):7.1f} MB/s  {min(peer) / min(winnow):.1f} times as fast")


if sys.argv[1:2] == ["--hugging-face"]:
    hugging_face(sys.argv[2], sys.argv[3:])
else:
    main()
