// What a training program needs, in one import.
@_exported import Analysis
@_exported import Checkpoints
@_exported import Corpora
@_exported import Experiments
@_exported import Models
@_exported import Reporting
@_exported import RunRecords
@_exported import TokenSelection
@_exported import Tokenizers
@_exported import Torch
@_exported import Training
