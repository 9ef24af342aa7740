"""Times `winnow tokenize` against Hugging Face's tokenizers, with one and two threads: `compare.py WINNOW TOKENIZER_JSON FILE…`.

Each round starts one process of either side with each number of threads, in turn, so that all meet the same machine. What counts is
encoding alone: winnow's own clock around it, `perf_counter` around `encode_batch_fast` (which leaves out offsets, as winnow does).
All start with empty caches. Files are cut at line ends into documents of about --document bytes, so that threads have something
to share; an HTML or JSONL file is tokenized as it stands. Before any figure is printed, the ids of all are compared.

Needs the `tokenizers` package; prints the fastest round of each, with what was promised.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

# Winnow on one thread against tokenizers on one; Winnow on two against itself on one.
TARGETS = {"one thread, against tokenizers": 1.5, "two threads, against one": 1.8}


def hugging_face(tokenizer_json, files):
    """Runs in a process of its own: prints the seconds, then the ids of every file."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(tokenizer_json)
    texts = [open(path, "rb").read().decode("utf-8", errors="replace") for path in files]
    start = time.perf_counter()
    encodings = tokenizer.encode_batch_fast(texts, add_special_tokens=False)
    print(time.perf_counter() - start)
    for encoding in encodings:
        print(json.dumps({"ids": encoding.ids}))


def run(command, threads):
    environment = dict(os.environ, TOKENIZERS_PARALLELISM="true" if threads > 1 else "false", RAYON_NUM_THREADS=str(threads))
    return subprocess.run(command, check=True, capture_output=True, text=True, env=environment).stdout.splitlines()


def documents(files, size, folder):
    """The files' texts in pieces of about `size` bytes, each in a file; a line is never cut."""
    written, piece, count = [], [], 0
    for path in files:
        for line in Path(path).read_bytes().splitlines(keepends=True):
            piece.append(line)
            count += len(line)
            if count >= size:
                written, piece, count = written + [b"".join(piece)], [], 0
        if piece:
            written, piece, count = written + [b"".join(piece)], [], 0
    for index, text in enumerate(written):
        path = Path(folder) / f"{index:05}.txt"
        path.write_bytes(text)
        yield str(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("winnow")
    parser.add_argument("tokenizer_json")
    parser.add_argument("files", nargs="+")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--document", type=int, default=64 << 10, help="bytes")
    parser.add_argument("--json", type=Path, help="also write the figures here")
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        files = list(documents(options.files, options.document, folder))
        theirs = [sys.executable, __file__, "--hugging-face", options.tokenizer_json, *files]
        ours = [options.winnow, "tokenize", "--model", options.tokenizer_json, *files]
        expected = [json.loads(line) for line in run(theirs, 1)[1:]]
        for threads in (1, 2):
            if expected != [json.loads(line) for line in run([*ours, "--json", "--threads", str(threads)], 1)]:
                sys.exit("the ids differ: a speed would mean nothing")

        best = {}
        for _ in range(options.rounds):
            for threads in (1, 2):
                taken = {
                    f"tokenizers, {threads}": float(run(theirs, threads)[0]),
                    f"winnow, {threads}": total(run([*ours, "--threads", str(threads)], 1))}
                for name, seconds in taken.items():
                    best[name] = min(seconds, best.get(name, seconds))
        size = sum(os.path.getsize(path) for path in files) / 1e6

    print(f"{size:.2f} MB in {len(files)} documents, best of {options.rounds} rounds")
    for name, seconds in sorted(best.items()):
        print(f"{name:16}{seconds:9.4f} s{size / seconds:8.1f} MB/s")
    ratios = dict(zip(TARGETS, [best["tokenizers, 1"] / best["winnow, 1"], best["winnow, 1"] / best["winnow, 2"]]))
    for name, ratio in ratios.items():
        print(f"{name:32}>={TARGETS[name]}{ratio:8.2f}  {'pass' if ratio >= TARGETS[name] else 'FAIL'}")
    print(f"{'two threads, against tokenizers':37}{best['tokenizers, 2'] / best['winnow, 2']:8.2f}")
    if options.json:
        options.json.write_text(json.dumps({"megabytes": size, "seconds": best, "ratios": ratios}, indent=1) + "\n")


def total(lines):
    """The seconds of winnow's last line, which is about all files together."""
    return float(re.search(r"([\d.]+) s,", lines[-1]).group(1))


if sys.argv[1:2] == ["--hugging-face"]:
    hugging_face(sys.argv[2], sys.argv[3:])
else:
    main()
