"""Writes published vocabularies as tokenizer.json files, and one as GGUF: `vocabularies.py GGUF VOCABULARIES OUT`.

VOCABULARIES holds `tokenizer.model.v1` (PyPI mistral-common: a 32k sentencepiece BPE with byte fallback, the kind that TinyLlama uses) and
`llama3.model` (PyPI llama-models: Llama 3's tiktoken ranks). None of them comes from Winnow: the converters are
transformers', and SmolLM2's file is put together here from what the `gguf` package reads.
"""

import json
import pathlib
import sys

import gguf
from sentencepiece import SentencePieceProcessor
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers.convert_slow_tokenizer import LlamaConverter, TikTokenConverter
from transformers.models.llama.tokenization_llama import LlamaTokenizer


def smollm2(path):
    fields = gguf.GGUFReader(path).fields
    tokens, kinds, merges = (fields[f"tokenizer.ggml.{name}"].contents() for name in ("tokens", "token_type", "merges"))
    model = models.BPE({token: index for index, token in enumerate(tokens)}, [tuple(merge.split(" ")) for merge in merges])
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    control = gguf.TokenType.CONTROL
    tokenizer.add_special_tokens(
        [AddedToken(token, normalized=False, special=True) for token, kind in zip(tokens, kinds) if kind == control]
    )
    return tokenizer


def gpt2(smollm):
    """SmolLM2's vocabulary behind GPT-2's own pre-tokenizer, with added tokens of every flag."""
    tokenizer = Tokenizer.from_str(smollm.to_str())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.add_tokens(
        [
            AddedToken("proof", single_word=True, normalized=False),
            AddedToken("ring", lstrip=True, normalized=False),
            AddedToken("mod", rstrip=True, normalized=False),
            AddedToken("module", normalized=True),
            AddedToken("好的", lstrip=True, rstrip=True, normalized=False),
        ]
    )
    return tokenizer


def llama2(path, legacy):
    slow = LlamaTokenizer(str(path), legacy=legacy)
    tokenizer = LlamaConverter(slow).converted()
    # The published files list all three; the converter leaves <unk> to the model.
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in ("<unk>", "<s>", "</s>")])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s>:0 $A:0", pair="<s>:0 $A:0 <s>:1 $B:1", special_tokens=[("<s>", 1)]
    )
    return tokenizer


def llama2_added(llama2_file):
    """The same with added tokens that are looked for in the text as given, and in the normalized one."""
    tokenizer = Tokenizer.from_str(llama2_file)
    tokenizer.add_tokens([AddedToken("lemma", normalized=True), AddedToken("naïve", normalized=False)])
    return tokenizer


def llama2_gguf(path, out):
    """The vocabulary alone, as llama.cpp's converter writes it."""
    pieces = SentencePieceProcessor(str(path))
    ids = range(pieces.vocab_size())
    kinds = [
        gguf.TokenType.UNKNOWN if pieces.is_unknown(i) else gguf.TokenType.CONTROL if pieces.is_control(i)
        else gguf.TokenType.BYTE if pieces.is_byte(i) else gguf.TokenType.NORMAL
        for i in ids
    ]  # fmt: skip
    writer = gguf.GGUFWriter(str(out), "llama")
    writer.add_tokenizer_model("llama")
    writer.add_token_list([pieces.id_to_piece(i) for i in ids])
    writer.add_token_scores([pieces.get_score(i) for i in ids])
    writer.add_token_types(kinds)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(True)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()


def llama2_splitting(llama2_file):
    """The same vocabulary behind a Metaspace that prepends always and splits, without byte fallback and with unknown tokens fused."""
    spec = json.loads(llama2_file)
    spec["normalizer"] = None
    spec["pre_tokenizer"] = {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always", "split": True}
    spec["model"]["byte_fallback"] = False
    return Tokenizer.from_str(json.dumps(spec))


def llama3(path):
    specials = ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"]
    tokenizer = TikTokenConverter(vocab_file=str(path), additional_special_tokens=specials).converted()
    begin = tokenizer.token_to_id(specials[0])
    template = processors.TemplateProcessing(single=f"{specials[0]} $A", special_tokens=[(specials[0], begin)])
    tokenizer.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), template])
    return tokenizer


def qwen2(llama3_file):
    """Llama 3's vocabulary behind Qwen 2's normalizer and pattern, its merges not ignored."""
    tokenizer = Tokenizer.from_str(llama3_file)
    tokenizer.normalizer = normalizers.NFC()
    pattern = r"""(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(pattern), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.model.ignore_merges = False
    return tokenizer


def qwen3(qwen2_file):
    """The same with Qwen 3's post-processor, and an added token that isn't special."""
    tokenizer = Tokenizer.from_str(qwen2_file)
    tokenizer.post_processor = processors.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    tokenizer.add_tokens([AddedToken("<think>", normalized=False, special=False)])
    return tokenizer


def gemma(llama2_file):
    """Llama 2's vocabulary as Gemma's files have it: spaces replaced and none prepended or stripped, a split at the spaces that
    are none any more, and runs of line breaks as added tokens."""
    spec = json.loads(llama2_file)
    spec["normalizer"] = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    spec["pre_tokenizer"] = {"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False}
    spec["decoder"]["decoders"] = [step for step in spec["decoder"]["decoders"] if step["type"] != "Strip"]
    tokenizer = Tokenizer.from_str(json.dumps(spec))
    tokenizer.add_tokens([AddedToken("\n" * count, normalized=False) for count in (1, 2, 3)])
    return tokenizer


def spaces(smollm):
    """SmolLM2's vocabulary behind Gemma's split, which finds spaces here; most of its tokens begin with one and can't be made."""
    tokenizer = Tokenizer.from_str(smollm.to_str())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(" ", "merged_with_previous"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    return tokenizer


def main(gguf_file, vocabularies, out):
    vocabularies, out = pathlib.Path(vocabularies), pathlib.Path(out)
    smollm = smollm2(gguf_file)
    smollm.save(str(out / "smollm2.json"))
    gpt2(smollm).save(str(out / "gpt2.json"))
    llama = llama2(vocabularies / "tokenizer.model.v1", legacy=True)
    llama.save(str(out / "llama2.json"))
    llama2_added(llama.to_str()).save(str(out / "llama2-added.json"))
    llama2_gguf(vocabularies / "tokenizer.model.v1", out / "llama2.gguf")
    llama2(vocabularies / "tokenizer.model.v1", legacy=False).save(str(out / "llama2-metaspace.json"))
    llama2_splitting(llama.to_str()).save(str(out / "llama2-splitting.json"))
    third = llama3(vocabularies / "llama3.model")
    third.save(str(out / "llama3.json"))
    second = qwen2(third.to_str())
    second.save(str(out / "qwen2.json"))
    qwen3(second.to_str()).save(str(out / "qwen3.json"))
    gemma(llama.to_str()).save(str(out / "gemma.json"))
    spaces(smollm).save(str(out / "spaces.json"))


main(*sys.argv[1:])
