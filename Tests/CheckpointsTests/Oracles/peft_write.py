"""Has PEFT write an adapter of a tiny Llama to FOLDER/adapter, and its matrices as float32 beside it."""
import pathlib
import sys

import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM

folder = pathlib.Path(sys.argv[1])
torch.manual_seed(3)
base = LlamaForCausalLM(
    LlamaConfig(
        vocab_size=32, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2
    )
)
configuration = LoraConfig(
    r=4, lora_alpha=12, lora_dropout=0.05, target_modules=["q_proj", "v_proj", "down_proj"], task_type="CAUSAL_LM"
)
model = get_peft_model(base, configuration)
for name, parameter in model.named_parameters():
    if "lora_" in name:
        torch.nn.init.normal_(parameter)
        (folder / (name.replace(".default", "") + ".f32")).write_bytes(parameter.detach().numpy().tobytes())
model.save_pretrained(folder / "adapter")
