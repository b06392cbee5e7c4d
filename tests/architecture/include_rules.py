# SPDX-FileCopyrightText: 2026 The Varphase authors
# SPDX-License-Identifier: MIT
"""Who may include whom, read off the #include lines.

    include_rules.py [ROOT]      prints each violation as file:line: rule; exits 1 where there is one
"""

import pathlib
import re
import sys

# The rooms, and the rooms that each may look into (itself always). docs/ARCHITECTURE.md draws the same.
CHAIN = ["src/base", "src/noise", "src/kernels", "src/data", "src/torch", "src/distributed", "src/variance", "src/layers", "src/models", "src/train"]
ROOMS = {room: CHAIN[:place] for place, room in enumerate(CHAIN)}
ROOMS["src/data"] = ["src/base", "src/noise"]
ROOMS["checkpoints"] = ["src/base"]
BELOW = [room for room in ROOMS]
ANALYSIS = {
    "predict": [],
    "curvature": ["predict"],
    "kappa": ["predict", "curvature"],
    "sparse": [],
    "prune": ["predict", "curvature", "kappa", "sparse"],
    "exchange": ["sparse"],
    "report": ["kappa"],
    "robustness": ["predict"],
}
for room, others in ANALYSIS.items():
    ROOMS[f"analysis/{room}"] = BELOW + [f"analysis/{other}" for other in others]
ROOMS["tools/app"] = [room for room in ROOMS]
RESULTS = [f"analysis/{room}" for room in ("kappa", "prune", "sparse", "exchange", "report")]
ROOMS["tools/cli"] = ["src/base", "src/data", "src/distributed", "src/models", "src/train", "checkpoints", *RESULTS, "tools/app"]
ROOMS["tools/python"] = ["src/base", "src/noise", "src/data", "src/torch", "src/train", "tools/app"]
ROOMS["tools/bench"] = [room for room in ROOMS if room not in ("tools/cli", "tools/python")]
ROOMS["tests"] = [room for room in ROOMS]

TORCH = re.compile(r"^(torch|ATen|c10|caffe2)/")
TORCH_FREE = ["src/base", "src/noise", "src/kernels", "src/data", "checkpoints", "tools/cli"]

# Third parties that have one place each: pattern of the header, pattern of the files that may include it.
PLACES = [
    ("CLI11", re.compile(r"^CLI/"), re.compile(r"^tools/(cli|bench)/")),
    ("pybind11", re.compile(r"^pybind11/"), re.compile(r"^tools/python/module\.cpp$")),
    # Its fmt is the system's, Torch brings another: the two must not meet in one source file.
    ("spdlog", re.compile(r"^spdlog/"), re.compile(r"^src/base/.*\.cpp$")),
    # Its identifiers, its global state and its crashes stay behind plain structs.
    ("HDF5", re.compile(r"^(hdf5|hdf5_hl|H5\w+)\.h$"), re.compile(r"^checkpoints/hdf5_\w+\.cpp$")),
]
CONDITION = re.compile(r"^\s*#\s*(if|ifdef|ifndef|elif|else|endif)\b")
LAUNCH_PLACES = re.compile(r"^src/(kernels|noise)/.*\.cuh?$")

# Headers with .h that are the C library's or the system's, beside <name> without an extension and sys/, linux/, netinet/.
SYSTEM_HEADERS = set(
    "assert complex ctype dirent dlfcn errno execinfo fcntl fenv float glob inttypes limits locale malloc math netdb poll"
    " pthread pwd sched semaphore setjmp signal spawn stdarg stddef stdint stdio stdlib string strings termios time"
    " ucontext unistd utime wchar immintrin x86intrin arm_neon cpuid".split()
)

SUFFIXES = {".cpp", ".hpp", ".cu", ".cuh"}
FOLDERS = ["src", "analysis", "checkpoints", "tools", "tests"]
# A file's own header is named as it is, less these.
ROLE = re.compile(r"(_test|_cpu|_cuda|_gpu)+$")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
NOT_CODE = re.compile(
    r'R"(?P<tag>[^\s()\\]{0,16})\(.*?\)(?P=tag)"'  # raw string
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'"  # not the separator in 1'000
    r"|//[^\n]*|/\*.*?\*/",
    re.DOTALL,
)


def room_of(path):
    """The longest room that holds a path given from the root, or None."""
    fits = [room for room in ROOMS if path.startswith(room + "/")]
    return max(fits, key=len, default=None)


def code_alone(text):
    """Text with comments and literals blanked, the lines kept."""
    return NOT_CODE.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


def group_of(path, mark, header):
    """0 own header, 1 standard library and system, 2 third party, 3 project."""
    if mark == '"':
        own = pathlib.PurePath(header).stem == ROLE.sub("", pathlib.PurePath(path).stem)
        return 0 if own and not path.endswith((".hpp", ".cuh")) else 3
    name, dot, ending = header.rpartition(".")
    if not dot and "/" not in header:
        return 1
    if header.startswith(("sys/", "linux/", "netinet/", "arpa/")) or (ending == "h" and name in SYSTEM_HEADERS):
        return 1
    return 2


GROUPS = ["its own header", "the standard library", "third parties", "the project"]


def check_file(root, path):
    """Violations of one file as (line, rule), and whether it includes HDF5."""
    text = (root / path).read_text(encoding="utf-8")
    room, found, last = room_of(path), [], 0
    disordered = None  # the first include out of order, told once a file
    sibling = pathlib.PurePath(path).with_suffix(".hpp").as_posix()
    wants_own = path.endswith((".cpp", ".cu")) and (root / sibling).is_file()
    # Quoted paths are literals, so the includes are read before literals are blanked, and only where code is.
    blanked = code_alone(re.sub(r'(?m)^(\s*#\s*include\s*)"([^"\n]+)"', r"\1<\2>", text)).splitlines()
    for number, line in enumerate(text.splitlines(), 1):
        code = blanked[number - 1] if number <= len(blanked) else ""
        if "<<<" in code and not LAUNCH_PLACES.match(path):
            found.append((number, "a kernel launch (<<<) outside the .cu files of src/kernels and src/noise"))
        if CONDITION.match(code):
            last = 0  # what stands under a condition is ordered by itself
        match = INCLUDE.match(line)
        if not match or not INCLUDE.match(code):
            continue
        mark, header = match.groups()

        if ".." in header.split("/"):
            found.append((number, f"{header}: paths start at the repository's root, never with ../"))
            continue
        if mark == "<" and header.split("/")[0] in FOLDERS:
            found.append((number, f"<{header}>: the project's own headers go in quotes"))
            mark = '"'
        if mark == '"':
            target = room_of(header)
            if target is None:
                generated = re.fullmatch(r"varphase_\w+\.(h|hpp|inc)", header)
                if not generated:
                    found.append((number, f'"{header}": third parties go in <>, own headers start at the root'
                                          " (generated ones are named varphase_*)"))
            elif not (root / header).is_file():
                found.append((number, f'"{header}": there is no such file'))
            elif target != room and target not in ROOMS.get(room, []):
                found.append((number, f'"{header}": {room} may not look into {target}'))
        else:
            if TORCH.match(header) and room in TORCH_FREE:
                found.append((number, f"<{header}>: {room} stays free of Torch"))
            for name, pattern, place in PLACES:
                if pattern.match(header) and not place.match(path):
                    found.append((number, f"<{header}>: {name} is included only under {place.pattern}"))
        group = group_of(path, mark, header)
        if wants_own and mark == '"' and header == sibling:
            group, wants_own = 0, False
        if group < last and not disordered:
            disordered = (number, f"{header}: {GROUPS[group]} comes before {GROUPS[last]} (tools/format mends it)")
        last = max(last, group)
    if disordered:
        found.append(disordered)
    if wants_own:
        found.append((1, f'"{sibling}" is this file\'s own header and is not included'))
    return found


def check(root):
    """All violations under a root, as lines of file:line: rule."""
    root = pathlib.Path(root)
    found = []
    for folder in FOLDERS:
        for file in sorted((root / folder).rglob("*")):
            if file.suffix not in SUFFIXES or not file.is_file():
                continue
            path = file.relative_to(root).as_posix()
            found += [f"{path}:{line}: {rule}" for line, rule in check_file(root, path)]
    return found


def main():
    root = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]
    found = check(root)
    print("\n".join(found) if found else "includes: every room looks only where it may")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
