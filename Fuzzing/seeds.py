"""Writes the small valid files that fuzzing starts from, and the words that it puts into them: python3 Fuzzing/seeds.py
(needs `zstd` for the .zst seed)."""

import gzip
import hashlib
import json
import pathlib
import struct
import subprocess

CORPUS = pathlib.Path(__file__).parent / "Corpus"
PART = b"\n====\n"


def seed(reader, name, *parts):
    folder = CORPUS / reader
    folder.mkdir(parents=True, exist_ok=True)
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in parts]
    (folder / name).write_bytes(PART.join(parts))


SIZES = {"F64": 8, "I64": 8, "F32": 4, "I32": 4, "F16": 2, "BF16": 2, "U8": 1, "BOOL": 1}


def safetensors(tensors, metadata={"format": "pt"}):
    header, data = {"__metadata__": metadata}, b""
    for name, (dtype, shape) in tensors.items():
        count = SIZES[dtype]
        for size in shape:
            count *= size
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [len(data), len(data) + count]}
        data += bytes(count)
    text = json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def gguf(metadata, tensors):
    def string(text):
        return struct.pack("<Q", len(text.encode())) + text.encode()

    def value(item):
        if isinstance(item, bool):
            return struct.pack("<I?", 7, item)
        if isinstance(item, int):
            return struct.pack("<II", 4, item)
        if isinstance(item, float):
            return struct.pack("<If", 6, item)
        if isinstance(item, str):
            return struct.pack("<I", 8) + string(item)
        elements = [value(element) for element in item]
        return struct.pack("<I", 9) + elements[0][:4] + struct.pack("<Q", len(item)) + b"".join(e[4:] for e in elements)

    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    for key, item in metadata.items():
        head += string(key) + value(item)
    data = b""
    for name, (kind, shape, size) in tensors.items():
        head += string(name) + struct.pack("<I", len(shape)) + b"".join(struct.pack("<Q", s) for s in shape)
        head += struct.pack("<IQ", kind, len(data))
        data += bytes(size) + bytes(-size % 32)
    return head + bytes(-len(head) % 32) + data


F32, Q8_0, Q4_0, Q4_1 = 0, 8, 2, 3
llama = {
    "general.architecture": "llama", "llama.embedding_length": 32, "llama.attention.head_count": 2,
    "llama.attention.head_count_kv": 2, "llama.feed_forward_length": 32, "llama.block_count": 1,
    "llama.context_length": 16, "llama.attention.layer_norm_rms_epsilon": 1e-5,
}
vocabulary = {
    "tokenizer.ggml.model": "llama", "tokenizer.ggml.tokens": ["<unk>", "<s>", "▁", "a", "▁a", "<0x0A>", "b", "ab"],
    "tokenizer.ggml.scores": [0.0, 0.0, -1.0, -2.0, -3.0, 0.0, -4.0, -5.0], "tokenizer.ggml.token_type": [2, 3, 1, 1, 1, 6, 1, 1],
    "tokenizer.ggml.bos_token_id": 1, "tokenizer.ggml.eos_token_id": 1, "tokenizer.ggml.unknown_token_id": 0,
}
bytelevel = {
    "tokenizer.ggml.model": "gpt2", "tokenizer.ggml.pre": "smollm", "tokenizer.ggml.tokens": ["<|end|>", "a", "b", "ab", "Ġ", "Ġa"],
    "tokenizer.ggml.merges": ["a b", "Ġ a"], "tokenizer.ggml.token_type": [3, 1, 1, 1, 1, 1],
    "tokenizer.ggml.bos_token_id": 0, "tokenizer.ggml.eos_token_id": 0, "tokenizer.ggml.add_bos_token": True,
}
weights = {
    "token_embd.weight": (F32, [32, 8], 1024), "blk.0.attn_q.weight": (Q8_0, [32, 32], 1088),
    "blk.0.attn_k.weight": (Q4_0, [32, 32], 576), "blk.0.attn_k.bias": (F32, [32], 128), "blk.0.ffn_up.weight": (Q4_1, [32, 32], 640),
}
seed("gguf", "llama", gguf(llama | vocabulary, weights))
seed("gguf", "bytelevel", gguf(llama | bytelevel, {"token_embd.weight": (F32, [32, 6], 768)}))

seed("safetensors", "types", safetensors({kind: (kind, [2, 3]) for kind in SIZES}))
seed("safetensors", "scalar-and-empty", safetensors({"scalar": ("F32", []), "empty": ("F16", [0, 4])}))
one, two = safetensors({"a.weight": ("F32", [2])}), safetensors({"b.weight": ("BF16", [3])})
shards = {"metadata": {"total_size": 14}, "weight_map": {"a.weight": "a.safetensors", "b.weight": "b.safetensors"}}
seed("index", "two", shards, one, two)
seed("index", "outside", {"weight_map": {"a.weight": "../a.safetensors"}}, one, two)


def losses(mask, ids):
    return safetensors({"losses": ("F32", [2, 3]), "mask": (mask, [2, 3])} | ({"input_ids": (ids, [2, 3])} if ids else {}))


seed("losses", "bytes", losses("U8", "I32"))
seed("losses", "floats", losses("F32", None))

config = {
    "architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 8, "hidden_size": 4, "intermediate_size": 8,
    "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 2, "hidden_act": "silu",
    "rms_norm_eps": 1e-5, "rope_theta": 10000.0, "max_position_embeddings": 16, "tie_word_embeddings": True,
    "bos_token_id": 1, "eos_token_id": [2, 3], "torch_dtype": "float32",
}
scaling = {
    "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
    "original_max_position_embeddings": 16,
}
seed("config", "plain", config)
seed("config", "scaled", config | {"rope_scaling": scaling})
seed("config", "parameters", config | {"rope_parameters": scaling | {"rope_theta": 5e5}})

adapter = {
    "peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 2, "lora_alpha": 4, "lora_dropout": 0.0, "bias": "none",
    "target_modules": ["q_proj"], "base_model_name_or_path": "x",
}
name = "base_model.model.model.layers.0.self_attn.q_proj.lora_"
pair = safetensors({name + "A.weight": ("F32", [2, 3]), name + "B.weight": ("F16", [4, 2])})
seed("adapter", "names", adapter, pair)
seed("adapter", "pattern", adapter | {"target_modules": r".*\.(q|v)_proj"}, pair)

body = struct.pack("<4H", 1, 2, 3, 0) + struct.pack("<3Q", 0, 1, 3)
digest, tokenizer_digest = hashlib.sha256(body).digest(), bytes(range(32))
shard = b"WINNOWTK" + struct.pack("<IIQQQ", 1, 2, 8, 3, 2) + digest + tokenizer_digest + bytes(24) + body
split = {
    "tokenFile": "train.tokens", "documentFile": "train.documents.jsonl", "documents": 2, "tokens": 3, "textBytes": 3,
    "contentHash": digest.hex(),
}
corpus = {
    "version": 1, "inputs": ["x"], "options": {"field": "text", "include": [], "exclude": [], "split": {"fraction": 0.05}},
    "files": 1, "vocabularySize": 8, "tokenizerHash": tokenizer_digest.hex(), "train": split, "repairedDocuments": 0,
    "leftOut": {"duplicates": 0, "tooShort": 0, "tooLong": 0, "empty": 0, "binaryFiles": 0, "otherFiles": {}},
}
wide = struct.pack("<2I", 1, 70000) + struct.pack("<3Q", 0, 0, 2)
seed("shard", "two-documents", shard)
seed("shard", "wide", b"WINNOWTK" + struct.pack("<IIQQQ", 1, 4, 70001, 2, 2) + bytes(32) + tokenizer_digest + bytes(24) + wide)
seed("corpus", "two-documents", corpus, b'"a"\n"b"\n', shard)


def tokenizer(**parts):
    model = {
        "type": "BPE", "vocab": {"<s>": 0, "a": 1, "b": 2, "ab": 3, "Ġ": 4, "Ġa": 5}, "merges": [["a", "b"], ["Ġ", "a"]],
        "unk_token": None, "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
    } | parts.pop("model", {})
    special = {
        "id": 0, "content": "<s>", "single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True,
    }
    level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}
    return {
        "version": "1.0", "added_tokens": [special], "normalizer": None, "pre_tokenizer": level, "post_processor": None,
        "decoder": level, "model": model,
    } | parts


template = {
    "type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
    "pair": [], "special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}},
}
replace = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
sentencepiece = tokenizer(
    normalizer={"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, replace]}, pre_tokenizer=None,
    post_processor=template,
    decoder={"type": "Sequence", "decoders": [
        {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
        {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
    model={
        "vocab": {"<s>": 0, "▁": 1, "a": 2, "▁a": 3, "<unk>": 4} | {f"<0x{b:02X}>": 5 + b for b in range(256)},
        "merges": ["▁ a"], "byte_fallback": True, "fuse_unk": True, "unk_token": "<unk>"})
seed("tokenizer", "bytelevel", tokenizer(), {"bos_token": "<s>", "eos_token": {"content": "<s>"}})
seed("tokenizer", "sentencepiece", sentencepiece, {"bos_token": "<s>"})
seed("tokenizer", "digits", tokenizer(normalizer={"type": "NFC"}, pre_tokenizer={"type": "Sequence", "pretokenizers": [
    {"type": "Digits", "individual_digits": True},
    {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": True}]}), {})

lines = b'{"text": "one document"}\n\n{"text": "two \\u00e9", "id": 2}\n{"id": 3}\n'
page = (
    b"<!DOCTYPE html><html><head><title>t</title></head><body><nav>n</nav><main><h1>A &amp; B</h1><p>One<br>two</p><ol><li>a<li>b"
    b"<ul><li>c</ul></ol><pre>\nx\n y</pre><table><tr><td>1<td>2</table><script>s</script></main></body></html>")
seed("jsonl", "lines", lines)
seed("html", "page", page)
seed("html", "latin", b'<meta charset="iso-8859-1"><body><p>\xe9t\xe9<div class="body">x</div>')
seed("gzip", "two-members", gzip.compress(lines, mtime=0) + gzip.compress(lines, mtime=0))
seed("zstandard", "lines", subprocess.run(["zstd", "-q", "-c"], input=lines, capture_output=True, check=True).stdout)



# What runs and studies leave. The values are few and the shapes small, so that mutations hit the numbers.
key = {
    "tokens": "aa", "blockLength": "4", "separator": "none", "tail": "drop", "model": "bb", "adapter": "none",
    "precision": "float32", "numerics": "1", "format": "winnow.reference-losses.1", "scoringSeconds": "1.5",
}


def store(kind, rows):
    tensors = {"losses": (kind, [len(rows), 4]), "blocks": ("I32", [len(rows)]), "lengths": ("I32", [len(rows)])}
    file = safetensors(tensors, key)
    lists = [block for block, _ in rows] + [length for _, length in rows]
    return file[: -4 * len(lists)] + struct.pack(f"<{len(lists)}i", *lists)


seed("store", "full", store("F32", [(0, 4), (3, 2)]))
seed("store", "half", store("F16", [(5, 3)]))
record = struct.pack("<IId8f", 3, 4, 0.5, 0, 1, 2, 3, 0, 1, 1, 1)
seed("storelog", "two", record + struct.pack("<IId8f", 1, 2, 0.5, 0, 1, 0, 0, 0, 1, 0, 0))

selection = struct.pack("<III2s", 1, 0, 1, b"\x22\x01") + struct.pack("<III2s", 2, 1, 0, b"\x42\x02")
seed("selections", "records", selection)


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0x82F63B78 if value & 1 else 0)
    return struct.pack("<I", value ^ 0xFFFFFFFF)


selections = b"WINNOWSL" + struct.pack("<4I", 1, 5, 2, 6) + b"c0ffee"
for start in (0, 14):
    selections += selection[start:start + 14] + crc32c(selection[start:start + 14])
seed("selections", "log", selections)

score = {"name": "loss", "label": "loss", "auroc": 0.8, "lowerBound": 0.7, "upperBound": 0.9, "precision": [{"ratio": 0.1, "precision": 0.5}]}
truth = {"format": 1, "student": "s", "tests": [
    {"name": "ocr", "label": "noise", "text": "t", "blocks": 2, "tokens": 8, "badTokens": 3, "scores": [score, score | {"name": "entropy"}]}]}
texts = {"format": 1, "split": "noisy", "blocks": [["a", " b", "", "é"], ["<c>", "d", "e", "f"]]}
seed("truth", "one", truth)
seed("texts", "two", texts)

evaluation = {"tokensSeen": 0, "split": "noisy", "loss": 2.5, "perplexity": 12.2, "tokens": 6, "seconds": 1.5}
step = {
    "kind": "step", "step": 1, "tokensSeen": 6, "selectedTokensSeen": 3, "validTokens": 6, "selectedTokens": 3, "loss": 2.5,
    "selectedLoss": 3.5, "gradientNorm": 1.5, "learningRate": 0.1, "filledAtRandom": 0, "tied": False, "seconds": 0.5,
    "candidates": 4, "selectedByScoreDecile": [0, 0, 0, 0, 0, 0, 0, 1, 1, 1],
}
probe = {"kind": "probe", "step": 1, "tokensSeen": 6, "blocks": 2, "cosine": 0.5, "selectedNorm": 1, "allNorm": 2}
lines = [evaluation | {"kind": "evaluation", "step": 0}, step, probe, evaluation | {"kind": "evaluation", "step": 1}]
metrics = "".join(json.dumps(line) + "\n" for line in lines)


def run(number, file):
    return {
        "seed": number, "adapterSeed": 0, "directory": ".", "tokenLosses": {"noisy": file}, "tokens": 6, "selectedTokens": 3,
        "selections": "selections.bin", "selectedByFrequency": [{"tokens": 60, "selected": 30}],
        "checkpoints": [{"step": at, "tokensSeen": 6 * at, "tokenLosses": {"noisy": file}} for at in (0, 1)],
        "evaluations": [evaluation | {"step": at} for at in (0, 1)], "trainingSeconds": 1.5, "wallSeconds": 2.5,
        "referenceTrainingSeconds": 0, "referenceScoringSeconds": 0.5,
    }


def arm(name, role, policy, *runs, **more):
    return {"name": name, "label": name, "role": role, "policy": policy, "runs": list(runs)} | more


A, B = "a.safetensors", "b.safetensors"
study = {
    "format": 2, "title": "t", "summary": "s", "recipe": "r", "blockLength": 4, "device": "cpu", "threads": 2, "wallSeconds": 9.5,
    "startedAt": "2026-01-01T00:00:00Z", "finishedAt": "2026-01-01T00:01:00Z", "versions": {"winnow": "0"},
    "model": {"name": "m", "hash": "h", "parameters": 9, "trainableParameters": 3},
    "splits": [
        {"name": name, "label": name, "role": role, "documents": 2, "tokens": 8, "hash": "h", "source": "x"}
        for name, role in (("train", "training"), ("noisy", "validation"))],
    "arms": [
        arm("clm", "baseline", "all", run(0, A), run(1, B)),
        arm("topk", "selection", "topK", run(0, B), run(1, A), score="excessLoss", ratio=0.5, pool="microBatch", reference="base",
            referenceName="base")],
    "startTokenLosses": {"noisy": A}, "referenceTokenLosses": {"base": {"noisy": B}}, "viewerTexts": {"noisy": "viewer.json"},
    "groundTruth": "ground-truth.json", "quirks": [{"setting": "s", "why": "w"}],
    "published": [{
        "title": "p", "setting": "s", "faults": ["f"], "tokensPerSecond": [1209, 1443],
        "perplexities": [{"arm": "clm", "perplexity": 9.89, "policy": "all"}, {"arm": "topk", "perplexity": 11.4, "policy": "topK", "ratio": 0.5}],
        "bucketMovements": [{"arm": "topk", "highToLow": 0.1, "lowToHigh": 0.2}],
        "cosines": [{"cosine": 0.9, "first": "clm", "second": "topk"}]}],
    "claims": [
        {"id": name, "source": "s", "says": "s", "measure": measure, "arm": "topk", "control": "clm", "split": "noisy", "upper": 0}
        for name, measure in (("l", "lossDifference"), ("h", "highToLowDifference"), ("u", "selectedLossDifference"))],
}
seed("study", "plain", study)
(CORPUS / "metrics" / "kinds").write_text(metrics)


def token_losses(*values):
    file = safetensors({"losses": ("F32", [2, 4]), "mask": ("U8", [2, 4])}, {})
    return file[:-40] + struct.pack("<8f", *values) + bytes([0, 1, 1, 1] * 2)


seed(
    "report", "study", study, metrics.encode(), texts, truth, selections, token_losses(0, 1, 2, 3, 0, 3, 1, 2),
    token_losses(0, 2, 2, 1, 0, 1, 3, 2))

recipe = b"""name: mine
model: default
data: {train: default, blockLength: 128, validation: {noisy: default}}
adapter: {rank: 8, alpha: 16.0, targetModules: [q_proj, v_proj]}
training: {tokens: 60000, batchSize: 4, optimizer: {learningRate: 1e-4}, schedule: {kind: cosine, warmupSteps: 5}}
selection: {policy: topK, score: excessLoss, reference: base, ratio: 0.5}
"""
matrix = b"""name: small
seeds: [0, 1]
base:
  data: &text {train: curated}
  training: {tokens: 5000}
references:
  curated: {data.train: curated}
arms:
  - {name: clm, selection.policy: all}
  - {name: topk, selection.policy: topK, selection.reference: reference/curated, seeds: [0], matching: {arm: clm, by: tokens}}
  - {name: again, data: *text}
"""
seed("recipe", "recipe", recipe)
seed("recipe", "study", matrix)
seed("claims", "one", b"""claims:
  - {id: falls, source: s, says: x, measure: lossDifference, arm: topk, control: clm, split: noisy, upper: 0}
""")


# The words of each format that no mutation would hit by chance.
TOKENIZER = """added_tokens content special normalized lstrip rstrip single_word id normalizer pre_tokenizer post_processor decoder model
    vocab merges type BPE unk_token byte_fallback fuse_unk ignore_merges dropout continuing_subword_prefix end_of_word_suffix
    Sequence normalizers pretokenizers processors decoders NFC NFD NFKC NFKD Lowercase Prepend prepend Replace pattern String Regex
    ByteLevel add_prefix_space trim_offsets use_regex Digits individual_digits Split behavior invert Isolated Removed
    MergedWithPrevious MergedWithNext Contiguous Metaspace replacement prepend_scheme split TemplateProcessing single SpecialToken
    special_tokens ids tokens ByteFallback Fuse Strip start stop bos_token eos_token null true false""".split()
TENSORS = "__metadata__ dtype shape data_offsets".split() + list(SIZES) + ["I16", "I8", "F8_E4M3", "9223372036854775807", "-1", "[]"]
RECORD = "null true false 1e999 -1 9223372036854775807 18446744073709551615 1099511627776 nan inf".split() + ["[]", "{}", '""', "\\ud800"]
PARTS = ["\n====\n"]


def keys(value):
    """Every key and text in a record."""
    if isinstance(value, dict):
        return set(value) | set().union(*map(keys, value.values()))
    if isinstance(value, list):
        return set().union(*map(keys, value))
    return {value} if isinstance(value, str) else set()


def quoted(word):
    raw = word.encode() if isinstance(word, str) else word
    return '"' + "".join(chr(b) if 32 <= b < 127 and b not in (34, 92) else f"\\x{b:02X}" for b in raw) + '"'


def dictionary(reader, *lists):
    words = sorted({quoted(word) for words in lists for word in words if len(word) > 1 or isinstance(word, bytes)})
    folder = CORPUS.parent / "Dictionaries"
    folder.mkdir(exist_ok=True)
    (folder / reader).write_text("\n".join(words) + "\n")


sizes = [struct.pack("<Q", n) for n in (1, 8, 32, 64, 2**31, 2**32, 2**48, 2**62, 2**63 - 1, 2**63, 2**64 - 1)]
types = [struct.pack("<I", n) for n in range(32)]
configuration = keys(config | {"rope_scaling": scaling, "rope_parameters": scaling}) | set("""
    LlamaForCausalLM MistralForCausalLM Qwen2ForCausalLM Qwen3ForCausalLM GemmaForCausalLM Gemma2ForCausalLM Gemma3ForCausalLM
    llama mistral qwen2 qwen3 gemma gemma2 gemma3_text sliding_window use_sliding_window max_window_layers layer_types attention_bias
    mlp_bias attention_dropout initializer_range pad_token_id quantization_config partial_rotary_factor hidden_activation
    full_attention sliding_attention gelu_pytorch_tanh query_pre_attn_scalar attn_logit_softcapping final_logit_softcapping
    rope_local_base_freq default linear yarn type""".split())
dictionary("safetensors", TENSORS)
dictionary("index", TENSORS, PARTS, keys(shards), ["../", "/"])
dictionary("gguf", [b"GGUF"], sizes, types, keys(list(llama | vocabulary | bytelevel)), weights, ["general.alignment", "<0x00>", "Ġ"])
dictionary("tokenizer", TOKENIZER, PARTS, ["▁", "Ġ", "<0x00>", "\\u", "0x7FFFFFFF", "2097151", "[", "]"])
dictionary("config", configuration, RECORD)
dictionary("adapter", TENSORS, PARTS, keys(adapter), [".lora_A.weight", ".lora_B.weight", "base_model.model.", "use_rslora", "(.*)+", "[a-z]"], RECORD)
dictionary("store", TENSORS, keys(key) | {"losses", "entropies", "blocks", "lengths"})
dictionary("losses", TENSORS, ["losses", "mask", "lengths", "input_ids", "documents"])
dictionary("shard", [b"WINNOWTK"], sizes, types[:9])
dictionary("corpus", [b"WINNOWTK"], PARTS, keys(corpus) | {"shards", "validation"}, ["../", "/"], RECORD)
dictionary("gzip", [b"\x1f\x8b\x08", b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", b"\x03\x00", b"\x00\x00\xff\xff"])
dictionary("zstandard", [b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18", b"\x28\xb5\x2f\xfd\x00\x00", b"\x01\x00\x00"])
dictionary("jsonl", ["text", '{"text": "', "\\u00e9", "\\ud83d\\ude00", "\r\n"], RECORD)
dictionary("html", """<html> <head> <body> <nav> <main> <p> <br> <ol> <ul> <li> <pre> <table> <tr> <td> <th> <script> <style> <!-- --> <a href= <img
    alt= <div class= <span> </ol> </ul> </table> </pre> <meta charset= utf-8 utf-16 iso-8859-1 &amp; &#x41; &nbsp; <![CDATA[ <!DOCTYPE <?xml <svg>
    <h1> <blockquote> <details> <summary> <article> <section> <footer> <header> <noscript> <template> <textarea> <title>""".split())
dictionary("storelog", sizes, types[:5], [struct.pack("<d", v) for v in (0.5, 1e308, float("inf"), float("nan"))])
dictionary("selections", [b"WINNOWSL"], types[:5], [struct.pack("<4I", 1, 5, 2, 6), struct.pack("<I", 2**20), struct.pack("<I", 2**32 - 1)])
for reader, record in (("study", study), ("metrics", lines), ("truth", truth), ("texts", texts)):
    dictionary(reader, keys(record), RECORD)
dictionary("report", keys(study) | keys(lines) | keys(truth) | keys(texts), TENSORS, PARTS, [b"WINNOWSL"], RECORD)
dictionary("manifest", keys(json.loads((CORPUS / "manifest" / "finished").read_text())), RECORD)
RECIPE = """accumulation adapter alpha arithmetic arm arms as base baseline batchSize blockLength by champ checkpointEvery claims clipNorm
    compute control corruptions data device dropout dtype epsilon evaluateEvery evaluationTokens factor from frozen graphs groundTruth
    id keepCheckpoints keepSelections keepTokenLosses kind label learningRate lower matching maxSkippedSteps meanPerMicroBatch measure
    model name optimizer policy pool probeBlocks rank ratio recompute reference references replay says schedule score scoreWithDropout
    seed seeds selection separators share source split start store targetModules text threads ties title tokens train training upper
    validation warmupSteps weightDecay all topK random stochastic loss excessLoss entropy selfReference cosine float32 bfloat16 none
    mixture rows seconds recorded shuffled arm/ reference/ selection.policy training.seed &a *a ! | > << --- ... ? 0x 1e9 .inf .nan ~
    [ { }""".split()
dictionary("recipe", RECIPE, RECORD)
dictionary("claims", keys([{"id": 0, "source": 0, "says": 0, "arm": 0, "control": 0, "split": 0, "upper": 0, "lower": 0}]), [
    "lossDifference", "highToLowDifference", "selectedLossDifference", "&a", "*a", "measure"], RECORD)
