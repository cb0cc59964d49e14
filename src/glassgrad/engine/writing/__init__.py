"""From steps to source that can be read, in words of `llvm`."""
