"""glassgrad beside other libraries: the same work in turn, results compared before times.

`glassgrad.cli.bench` is the command. `cases` says what is measured, `peers` how each library does it, `contest` how
times are taken; `docs/performance.md` tells the whole.
"""
