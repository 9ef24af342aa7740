"""Loads a model folder with transformers and, where a second one is given, an adapter over it with PEFT.

Writes every parameter as float32 to FOLDER (the last argument) and prints the configuration as JSON.
"""
import json
import pathlib
import sys

import torch
from transformers import AutoModelForCausalLM

*sources, folder = sys.argv[1:]
folder = pathlib.Path(folder)
model, report = AutoModelForCausalLM.from_pretrained(sources[0], output_loading_info=True, dtype=torch.float32)
assert not any(report.values()), report
if len(sources) > 1:
    from peft import PeftModel

    model = PeftModel.from_pretrained(model, sources[1])
for name, parameter in model.named_parameters():
    (folder / (name.replace(".default", "") + ".f32")).write_bytes(parameter.detach().float().numpy().tobytes())
values = (model.peft_config["default"] if len(sources) > 1 else model.config).to_dict()
print(json.dumps(values, sort_keys=True, default=sorted))
