#!/usr/bin/env bash
# Prints what the tests want to find in the environment: eval "$(scripts/environment.sh)", then `swift test` as usual.

source "$(dirname "$0")/lib.sh"

export_line() { printf 'export %s=%q\n' "$1" "$2"; }
export_line WINNOW_PYTHON "$python"
export_line WINNOW_PEERS "$("$checkout/scripts/test-peers.sh" path)"
export_line WINNOW_NVRTC "$("$checkout/scripts/nvrtc.sh" path)"
export_line WINNOW_ARROW "$cache/libarrow/libwinnow-arrow.so"
export_line WINNOW_DEFAULT_MODEL "$cache/models/SmolLM2-135M-Instruct.Q4_1.gguf"
export_line WINNOW_PLOTLY "$cache/plotly/7.1.0/plotly.min.js"
export_line WINNOW_TEST_VOCABULARIES "$cache/vocabularies"
# Tests run side by side, each with threads of its own: those that wait must not keep the others from working.
export_line OMP_WAIT_POLICY passive
