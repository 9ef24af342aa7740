"""Writes documents that part tokenizers: `mixed_text.py OUT SHARE`, 5.8 MB of them divided by SHARE.

OUT holds, one after the other, a little-endian uint32 and as many bytes: a document. The text comes from Python's own
library and from a seeded generator, so that every machine with the same Python makes the same bytes.
"""

import base64
import pathlib
import random
import struct
import sys
import sysconfig

chance = random.Random(20240411)


def pick(low, high):
    return chr(chance.randint(low, high))


def pieces(size, make, joiner=""):
    """Calls `make` until its pieces amount to `size` bytes."""
    parts, total = [], 0
    while total < size:
        part = make()
        parts.append(part)
        total += len(part.encode("utf-8", "surrogatepass")) + len(joiner)
    return joiner.join(parts)


LIBRARY = pathlib.Path(sysconfig.get_path("stdlib"))
SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<s>", "</s>", "<unk>", "<|begin_of_text|>", "<|eot_id|>", "<file_sep>"]
WORDS = "the of proof let we'll don't it's THEY'RE I'd ring module lemma naïve Zürich façade HTTPServer e.g. x_1 3.14 2024".split()


def english():
    return (LIBRARY / "pydoc_data" / "topics.py").read_text(encoding="utf-8").replace("\\n", "\n")


def code():
    files = sorted(LIBRARY.glob("*.py"))
    return "".join(path.read_text(encoding="utf-8", errors="replace") for path in files)[:1_600_000]


def latex():
    def formula():
        a, b, n = chance.choice("xyzαβγ"), chance.choice(["\\frac{%d}{k}", "\\sqrt{%d}", "\\mathbb{F}_{%d}"]), chance.randint(0, 99999)
        return chance.choice(
            [
                f"$${a}^{{{n}}} + {b % n} \\leq \\sum_{{i=1}}^\\infty {a}_i$$\n",
                f"\\begin{{theorem}}\\label{{thm:{n}}} Let ${a} \\in {b % n}$. Then\t\\[ {a} \\mapsto {a}^{{-1}} \\]\\end{{theorem}}\r\n",
                f"% comment {n}\n\\section*{{On {a}~and~{b % n}}}\n\n",
                "\\hspace{2em}   \\\\   & " + " ".join(chance.choices(WORDS, k=9)) + "\n",
            ]
        )

    return pieces(500_000, formula)


def chinese():
    def sentence():
        return "".join(pick(0x4E00, 0x9FA5) for _ in range(chance.randint(1, 60))) + chance.choice("。，！？；：\n　 、12")

    common = "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里"
    return pieces(300_000, sentence) + pieces(200_000, lambda: "".join(chance.choices(common, k=7)) + chance.choice(["，", "。\n", " "]))


BLOCKS = [
    (0xA1, 0x24F), (0x370, 0x3FF), (0x400, 0x4FF), (0x590, 0x5FF), (0x600, 0x6FF), (0x900, 0x97F), (0xE00, 0xE7F), (0x1100, 0x11FF),
    (0x1E00, 0x1FFF), (0x2000, 0x206F), (0x2070, 0x209F), (0x2150, 0x218F), (0x2200, 0x22FF), (0x2460, 0x24FF), (0x3040, 0x30FF),
    (0xAC00, 0xD7A3), (0xF900, 0xFAFF), (0xFF00, 0xFFEF), (0x10000, 0x100FF), (0x1D400, 0x1D7FF), (0x20000, 0x2A6DF), (0xE000, 0xE0FF),
]  # fmt: skip


def scripts():
    def word():
        low, high = chance.choice(BLOCKS)
        return "".join(pick(low, high) for _ in range(chance.randint(1, 12))) + chance.choice([" ", "", "\n", "-", "  "])

    return pieces(500_000, word)


def everything():
    """Every character there is, in order and between letters."""
    characters = [chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000]
    sample = characters[:0x3400] + characters[0xA000:0xB000] + chance.sample(characters, 60_000)
    return "a".join(sample)


def emoji():
    def one():
        face = pick(0x1F300, 0x1FAFF)
        skin = chance.choice(["", "", pick(0x1F3FB, 0x1F3FF)])
        tail = "".join("\u200d" + pick(0x1F466, 0x1F469) for _ in range(chance.choice([0, 0, 1, 3])))
        return face + skin + tail + chance.choice(["", " ", "\ufe0f", "!", pick(0x1F1E6, 0x1F1FF) * 2])

    return pieces(250_000, one)


def controls():
    return pieces(150_000, lambda: chance.choice([pick(0, 31), pick(0x7F, 0x9F), "a", " ", "\u200b", "\ufeff", "\u2028", "\x00", "\xad"]))


def spaces():
    kinds = [" ", "  ", "\t", "\n", "\r\n", "\n\n", "\u00a0", "\u3000", "\u2003", "\x0b", "\x85", "▁", "▁▁"]
    return pieces(200_000, lambda: chance.choice(kinds) * chance.choice([1, 1, 1, 2, 7]) + chance.choice(["", "", "x", "'s", "7", "."]))


def numbers():
    return pieces(100_000, lambda: str(chance.randrange(10 ** chance.randint(1, 25))) + chance.choice([" ", ",", "", "٣", "Ⅳ", "½", " '", "e"]))


def long_words():
    binary = base64.b64encode(chance.randbytes(60_000)).decode()
    return "\n".join(["a" * 30_000, "ab" * 20_000, binary, "=" * 20_000, " " * 20_000, "好" * 10_000, "-_" * 9_000, "\n" * 5_000, "1" * 5_000])


def combining():
    return pieces(150_000, lambda: chance.choice("aeiouAÖqक") + "".join(pick(0x300, 0x36F) for _ in range(chance.choice([0, 1, 1, 5]))) + chance.choice(["", " "]))


def quotes():
    suffixes = ["s", "S", "ſ", "t", "re", "RE", "rE", "ve", "m", "ll", "lL", "d", "l", "r", "x", "", "'s", " s"]
    return pieces(60_000, lambda: chance.choice(["it", "I", " ", "1", ".", "\n", ""]) + chance.choice(["'", "’", "''"]) + chance.choice(suffixes))


def specials():
    def one():
        text = " ".join(chance.choices(WORDS, k=chance.randint(0, 4)))
        return chance.choice(["", " ", "  ", "\n"]) + text + chance.choice(SPECIALS + ["<|endoftext", "<s", "<|", "<<s>>", "<|im_start|><|im_end|>"])

    return pieces(100_000, one)


def broken():
    """Bytes that are no UTF-8: random ones, and characters cut off or doubled in the middle."""
    def one():
        text = chance.choice(["é", "好", "👩", "a", " the", "\U0010ffff", "\ufffd"]).encode()
        cut = chance.randint(0, len(text))
        odd = [b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe0\x80\x80", b"\x80", b"\xf0\x9f\x91", b""]
        return text[:cut] + chance.choice([text, b"", b" ", chance.choice(odd)])

    return b"".join(one() for _ in range(60_000)) + chance.randbytes(60_000)


def documents(share):
    families = [english, code, latex, chinese, scripts, everything, emoji, controls, spaces, numbers, long_words, combining, quotes, specials]
    texts = [text[: len(text) // share] for text in (family() for family in families)]
    yield from (text.encode() for text in texts)
    yield broken()[: 200_000 // share]
    # Short ones, where the start and the end of a text count.
    joined = "".join(text[:40_000] for text in texts)
    for _ in range(3_000 // share):
        start = chance.randrange(len(joined))
        yield joined[start : start + chance.randint(0, 60)].encode()


def main(out, share):
    with open(out, "wb") as file:
        for document in documents(int(share)):
            file.write(struct.pack("<I", len(document)) + document)


main(*sys.argv[1:])
