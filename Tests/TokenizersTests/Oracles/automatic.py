"""Encodes a text with the tokenizer that transformers' AutoTokenizer finds in a folder: `automatic.py FOLDER TEXT_FILE`.

Prints JSON: the ids, the special tokens, and what a chat template makes of one message (null where there is none).
"""

import json
import sys

from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
text = open(sys.argv[2], encoding="utf-8", newline="").read()
chat = None
if tokenizer.chat_template:
    chat = tokenizer.apply_chat_template([{"role": "user", "content": "Hello"}], tokenize=False)
print(json.dumps({"ids": tokenizer(text)["input_ids"], "bos": tokenizer.bos_token, "eos": tokenizer.eos_token, "chat": chat}))
