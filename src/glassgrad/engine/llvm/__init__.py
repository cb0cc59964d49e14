"""From generated source to machine code: the words of the source, its translation to LLVM, what is kept on disk."""
