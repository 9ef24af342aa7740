"""What TensorBoard shows of a run directory: {tag: [[step, value], ...]} as JSON, and its own complaints on standard error."""

import json
import sys

from tensorboard.backend.event_processing import event_accumulator

run = event_accumulator.EventAccumulator(sys.argv[1], size_guidance={event_accumulator.SCALARS: 0})
run.Reload()
json.dump({tag: [[event.step, repr(event.value)] for event in run.Scalars(tag)] for tag in run.Tags()["scalars"]}, sys.stdout)
