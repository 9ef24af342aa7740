"""Encodes documents with Hugging Face's tokenizers: `encode.py TOKENIZER_JSON DOCUMENTS OUT [--special-tokens]`.

DOCUMENTS is what mixed_text.py writes. OUT gets, for each document, a little-endian uint32 and as many int32: its ids; and then
a uint32 and as many bytes: the UTF-8 of those ids decoded.
"""

import array
import struct
import sys

from tokenizers import Tokenizer


def documents(path):
    data = memoryview(open(path, "rb").read())
    offset = 0
    while offset < len(data):
        (count,) = struct.unpack_from("<I", data, offset)
        yield bytes(data[offset + 4 : offset + 4 + count])
        offset += 4 + count


def main(tokenizer_json, source, out, *options):
    tokenizer = Tokenizer.from_file(tokenizer_json)
    with open(out, "wb") as file:
        for document in documents(source):
            text = document.decode("utf-8", errors="replace")
            ids = tokenizer.encode(text, add_special_tokens="--special-tokens" in options).ids
            decoded = tokenizer.decode(ids, skip_special_tokens="--special-tokens" in options).encode()
            file.write(struct.pack("<I", len(ids)) + array.array("i", ids).tobytes() + struct.pack("<I", len(decoded)) + decoded)


main(*sys.argv[1:])
