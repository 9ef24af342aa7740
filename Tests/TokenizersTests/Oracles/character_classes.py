"""What tokenizers' patterns see in every character: `character_classes.py OUT`.

OUT gets a byte a code point: 1 `\\p{L}`, 2 `\\p{N}`, 4 `\\s` (its Oniguruma), 16 a character that `Digits` splits at (Rust's `is_numeric`).
"""

import sys

from tokenizers import Regex, pre_tokenizers

CODES = [code for code in range(0x110000) if not 0xD800 <= code < 0xE000]


def matching(expression):
    split = pre_tokenizers.Split(Regex(expression), behavior="removed")
    kept = set("".join(piece for piece, _ in split.pre_tokenize_str("".join(map(chr, CODES)))))
    return [code for code in CODES if chr(code) not in kept]


def digits():
    pieces = pre_tokenizers.Digits(individual_digits=True).pre_tokenize_str("a".join(map(chr, CODES)))
    return [ord(piece) for piece, _ in pieces if len(piece) == 1 and piece != "a"]


flags = bytearray(0x110000)
for bit, codes in [(1, matching(r"\p{L}")), (2, matching(r"\p{N}")), (4, matching(r"\s")), (16, digits())]:
    for code in codes:
        flags[code] |= bit
open(sys.argv[1], "wb").write(flags)
