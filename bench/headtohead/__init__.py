"""Head-to-head benchmarks: Countersign and a published peer, measured in the same run on equal terms."""
