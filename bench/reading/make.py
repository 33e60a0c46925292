"""A made-up CT study: slices of 512 by 512 at 16 bits whose middle says which slice it is, so that a browser can tell what
it shows. Explicit VR little endian, written without a library."""

import random
import struct

CT = "1.2.840.10008.5.1.4.1.1.2"
SIDE = 512
# Pixels around the middle that carry the number of the slice.
MARK = 64
# Shown by the file's window, 128 / 256, as this grey.
SHADE_STEP = 7


def shade(index):
    """Grey of the middle of a slice on the screen."""
    return index * SHADE_STEP % 256


def element(tag, vr, value):
    if isinstance(value, str):
        value = value.encode()
    if len(value) % 2:
        value += b"\0" if vr == "UI" else b" "
    head = struct.pack("<HH", *tag) + vr.encode()
    long = vr in ("OB", "OW", "SQ", "UN")
    return head + (b"\0\0" + struct.pack("<I", len(value)) if long else struct.pack("<H", len(value))) + value


def short(number):
    return struct.pack("<H", number)


def values(index, draw, body):
    """Stored values with an intercept of -1024: a round body with noise, in its middle the mark."""
    noise = int.from_bytes(draw.randbytes(SIDE * SIDE), "little")
    # One byte of noise per value, of which the lower five bits count.
    wide = bytearray(2 * SIDE * SIDE)
    wide[::2] = (noise & MASK).to_bytes(SIDE * SIDE, "little")
    data = bytearray((int.from_bytes(body, "little") ^ int.from_bytes(wide, "little")).to_bytes(len(wide), "little"))
    mark = short(1024 + shade(index)) * MARK
    for row in range(SIDE // 2 - MARK // 2, SIDE // 2 + MARK // 2):
        at = 2 * (row * SIDE + SIDE // 2 - MARK // 2)
        data[at : at + len(mark)] = mark
    return bytes(data)


MASK = int.from_bytes(b"\x1f" * (SIDE * SIDE), "little")


def disc():
    out = bytearray()
    for y in range(SIDE):
        half = int(max(0, 230**2 - (y - SIDE // 2) ** 2) ** 0.5)
        left = SIDE // 2 - half
        out += short(24) * left + short(1056) * (2 * half) + short(24) * (SIDE - left - 2 * half)
    return bytes(out)


def study(folder, count, seed):
    """Writes the files; bytes of one."""
    folder.mkdir(parents=True)
    draw, body = random.Random(seed), disc()
    root = f"2.25.{draw.getrandbits(100)}"
    for index in range(count):
        instance = f"{root}.3.{index + 1}"
        meta = element((2, 1), "OB", b"\0\1") + element((2, 2), "UI", CT) + element((2, 3), "UI", instance)
        meta += element((2, 0x10), "UI", "1.2.840.10008.1.2.1") + element((2, 0x12), "UI", "2.25.1")
        head = b"\0" * 128 + b"DICM" + element((2, 0), "UL", struct.pack("<I", len(meta))) + meta
        data = [
            ((8, 8), "CS", "ORIGINAL\\PRIMARY\\AXIAL"), ((8, 0x16), "UI", CT), ((8, 0x18), "UI", instance),
            ((8, 0x60), "CS", "CT"), ((8, 0x70), "LO", "MADE UP"), ((0x10, 0x10), "PN", "BENCH^READING"),
            ((0x10, 0x20), "LO", "BENCH-1"), ((0x18, 0x50), "DS", "1"), ((0x18, 0x5100), "CS", "HFS"),
            ((0x20, 0x0D), "UI", f"{root}.1"), ((0x20, 0x0E), "UI", f"{root}.2"), ((0x20, 0x11), "IS", "1"),
            ((0x20, 0x13), "IS", str(index + 1)), ((0x20, 0x32), "DS", f"-180\\-180\\{index:.1f}"),
            ((0x20, 0x37), "DS", "1\\0\\0\\0\\1\\0"), ((0x20, 0x52), "UI", f"{root}.4"),
            ((0x28, 2), "US", short(1)), ((0x28, 4), "CS", "MONOCHROME2"), ((0x28, 0x10), "US", short(SIDE)),
            ((0x28, 0x11), "US", short(SIDE)), ((0x28, 0x30), "DS", "0.7\\0.7"), ((0x28, 0x100), "US", short(16)),
            ((0x28, 0x101), "US", short(16)), ((0x28, 0x102), "US", short(15)), ((0x28, 0x103), "US", short(0)),
            ((0x28, 0x301), "CS", "NO"), ((0x28, 0x1050), "DS", "128"), ((0x28, 0x1051), "DS", "256"),
            ((0x28, 0x1052), "DS", "-1024"), ((0x28, 0x1053), "DS", "1"), ((0x28, 0x1054), "LO", "HU"),
            ((0x7FE0, 0x10), "OW", values(index, draw, body)),
        ]
        file = head + b"".join(element(*one) for one in data)
        (folder / f"{index:04}.dcm").write_bytes(file)
    return len(file)
