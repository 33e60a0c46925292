"""A reader of PS3.10 files for the scorers: explicit or implicit, little or big endian, deflated. It knows no
dictionary: where a file names no VR, none is known."""

import struct
import zlib

UNDEFINED = 0xFFFFFFFF
LONG = {"OB", "OD", "OF", "OL", "OV", "OW", "SQ", "SV", "UC", "UN", "UR", "UT", "UV"}
NUMBERS = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "FL": "f", "FD": "d", "UV": "Q", "SV": "q"}
TEXT = {"AE", "AS", "CS", "DA", "DS", "DT", "IS", "LO", "LT", "PN", "SH", "ST", "TM", "UC", "UI", "UR", "UT"}
PIXELS = {0x7FE00008, 0x7FE00009, 0x7FE00010}
DEFLATED, BIG = "1.2.840.10008.1.2.1.99", "1.2.840.10008.1.2.2"
IMPLICIT = "1.2.840.10008.1.2"
DEPTH_MAX = 64


class Bad(ValueError):
    """Bytes that this reader cannot follow."""


class Element:
    """A value: bytes, items, or the fragments of a codestream."""

    __slots__ = ("vr", "raw", "items", "fragments")

    def __init__(self, vr, raw=None, items=None, fragments=None):
        self.vr, self.raw, self.items, self.fragments = vr, raw, items, fragments


class Reader:
    def __init__(self, data, explicit, big):
        self.data, self.at, self.explicit = data, 0, explicit
        self.order = ">" if big else "<"

    def unpack(self, form, size):
        if self.at + size > len(self.data):
            raise Bad(f"ends within a value at byte {self.at}")
        found = struct.unpack_from(self.order + form, self.data, self.at)
        self.at += size
        return found

    def header(self):
        group, number = self.unpack("HH", 4)
        tag = group << 16 | number
        if group == 0xFFFE:
            return tag, None, self.unpack("I", 4)[0]
        if not self.explicit:
            return tag, None, self.unpack("I", 4)[0]
        vr = self.data[self.at : self.at + 2].decode("latin-1")
        self.at += 2
        if vr in LONG:
            self.at += 2
            return tag, vr, self.unpack("I", 4)[0]
        return tag, vr, self.unpack("H", 2)[0]

    def take(self, length):
        if self.at + length > len(self.data):
            raise Bad(f"declares {length} bytes at byte {self.at}")
        self.at += length
        return self.data[self.at - length : self.at]

    def dataset(self, end=None, depth=0, until=None):
        if depth > DEPTH_MAX:
            raise Bad("nested too deeply")
        found = {}
        stop = len(self.data) if end is None else end
        while self.at < stop:
            if until is not None and struct.unpack_from("<H", self.data, self.at)[0] != until:
                break
            tag, vr, length = self.header()
            if tag in (0xFFFEE00D, 0xFFFEE0DD):
                break
            found[tag] = self.value(tag, vr, length, depth)
        return found

    def value(self, tag, vr, length, depth):
        if length == UNDEFINED and tag == 0x7FE00010:
            return Element(vr, fragments=self.fragments())
        if vr == "SQ" or length == UNDEFINED:
            # Of unknown kind and open-ended: a sequence written implicitly (PS3.5 6.2.2).
            explicit, self.explicit = self.explicit, self.explicit and vr != "UN"
            items = self.sequence(length, depth)
            self.explicit = explicit
            return Element("SQ", items=items)
        raw = self.take(length)
        if vr is None and raw[:4] == b"\xfe\xff\x00\xe0":
            nested = Reader(raw, False, False)
            try:
                return Element("SQ", items=nested.sequence(len(raw), depth))
            except (Bad, struct.error):
                pass
        return Element(vr, raw=raw)

    def sequence(self, length, depth):
        items = []
        end = None if length == UNDEFINED else self.at + length
        while self.at < len(self.data) and (end is None or self.at < end):
            tag, _, size = self.header()
            if tag == 0xFFFEE0DD:
                break
            if tag != 0xFFFEE000:
                raise Bad(f"no item at byte {self.at}")
            items.append(self.dataset(None if size == UNDEFINED else self.at + size, depth + 1))
        return items

    def fragments(self):
        found = []
        while True:
            tag, _, length = self.header()
            if tag == 0xFFFEE0DD:
                return found[1:]
            found.append(self.take(length))


class File:
    """Meta information and data set of a file."""

    def __init__(self, data):
        at = 132 if data[128:132] == b"DICM" else 0
        self.meta = {}
        reader = Reader(data, True, False)
        reader.at = at
        if data[at : at + 2] == b"\x02\x00":
            self.meta = reader.dataset(until=0x0002)
        syntax = self.meta[0x00020010].raw.decode("latin-1").strip("\0 ") if 0x00020010 in self.meta else None
        body = data[reader.at :]
        if syntax is None:
            explicit = body[4:6].isalpha() and body[4:6].isupper()
        else:
            explicit = syntax != IMPLICIT
        if syntax == DEFLATED:
            body = zlib.decompress(body, -15)
        self.syntax = syntax
        self.big = syntax == BIG
        self.data = Reader(body, explicit, self.big).dataset()
        charset = self.data.get(0x00080005)
        self.utf8 = charset is not None and charset.raw is not None and b"192" in charset.raw

    def decode(self, raw):
        if self.utf8:
            return raw.decode("utf-8", "replace").strip(" \0")
        return raw.decode("latin-1").strip(" \0")

    def find(self, path):
        """The elements at a path of tags or private names, in any item of the sequences on the way: a report that lost
        an item has the others under other numbers."""
        sets = [self.data]
        for number, name in enumerate(path):
            found = [at.get(name) if isinstance(name, int) else private(self, at, *name) for at in sets]
            found = [element for element in found if element is not None]
            if number == len(path) - 1:
                return found
            sets = [item for element in found for item in element.items or []]
        return []

    def texts(self, element):
        """All ways to read a value: as numbers of its VR, as text, and as any number where no VR is known."""
        if element.raw is None:
            return []
        if element.vr in NUMBERS:
            return ["\\".join(number(n) for n in numbers(element.raw, NUMBERS[element.vr], self.big))]
        found = [self.decode(element.raw)]
        if element.vr is None:
            for form in "HId":
                if len(element.raw) == struct.calcsize(form):
                    found.append(number(numbers(element.raw, form, self.big)[0]))
        return found


def numbers(raw, form, big):
    size = struct.calcsize(form)
    count = len(raw) // size
    return struct.unpack((">" if big else "<") + form * count, raw[: count * size])


def number(value):
    return repr(value) if isinstance(value, float) else str(value)


def private(file, at, group, creator, element):
    """A private element, whatever block its creator has."""
    for block in range(0x10, 0x100):
        owner = at.get(group << 16 | block)
        if owner is not None and owner.raw is not None and file.decode(owner.raw) == creator:
            return at.get(group << 16 | block << 8 | element)
    return None


def walk(dataset, at=""):
    """Every element at every depth, with its path."""
    for tag, element in dataset.items():
        here = f"{at}{tag:08X}"
        yield here, tag, element
        for number, item in enumerate(element.items or []):
            yield from walk(item, f"{here}[{number}].")
