"""A working world through the same paths as production: `malan demo` and `malan serve --demo`.

`people` invents trainees and their score sheets as office files; `cast` is who is who; `build` plays the
story over HTTP with the parties' own workbenches; `tour` prints what there is to try.
"""
