#!/usr/bin/env python3
"""Extracts every message of a mapistorefs archive with nothing but SQLite and the zstd program.

    archive-extract.py ARCHIVE DIRECTORY

It follows docs/formats/archive.md.
"""
import base64, hashlib, os, sqlite3, subprocess, sys, tempfile
archive, target = sys.argv[1:]
db = sqlite3.connect(f"file:{archive}?mode=ro", uri=True)
if db.execute("SELECT 1 FROM meta WHERE name = 'cipher'").fetchone():
    sys.exit(f"{archive}: is encrypted")
scratch, dictionaries = tempfile.TemporaryDirectory(), {None: []}
for number, content in db.execute("SELECT id, bytes FROM dictionary"):
    dictionaries[number] = ["-D", os.path.join(scratch.name, str(number))]
    with open(dictionaries[number][1], "wb") as file:
        file.write(content)


def quoted_printable(data, width, end):
    lines = []
    for line in data.split(end):
        out, column = b"", 0
        for at, byte in enumerate(line):
            last = at + 1 == len(line)
            plain = (33 <= byte <= 126 and byte != 61) or (byte in b" \t" and not last)
            token = bytes([byte]) if plain else b"=%02X" % byte
            if column + len(token) > width - (not last):
                out, column = out + b"=" + end, 0
            out, column = out + token, column + len(token)
        lines.append(out)
    return end.join(lines)


def stored(content):
    dictionary, frames = db.execute("SELECT dictionary, frame FROM content WHERE id = ?", (content,)).fetchone()
    for (frame,) in db.execute("SELECT frame FROM more_frames WHERE content = ? ORDER BY number", (content,)):
        frames += frame
    return subprocess.run(["zstd", "-dcq", *dictionaries[dictionary]], input=frames, stdout=-1, check=True).stdout


def whole(content):
    literal, result = stored(content), b""
    for offset, size, part, coding, width, end, prefix in db.execute(
            "SELECT offset, size, part, coding, width, line_end, prefix FROM insertion WHERE content = ? "
            "ORDER BY offset", (content,)):
        taken = offset - len(result)
        result, literal, data, end = result + literal[:taken], literal[taken:], stored(part), end.encode()
        text = base64.b64encode(data)
        lines = (end + prefix.encode()).join(text[i:i + width] for i in range(0, len(text), width))
        result += lines if coding == 1 else quoted_printable(data, width, end)
    return result + literal


for message, kind, content, digest, size in db.execute(
        "SELECT m.id, m.kind, c.id, c.hash, c.size FROM message m JOIN content c ON c.id = m.content").fetchall():
    data = whole(content)
    assert len(data) == size and hashlib.sha256(data).digest() == digest, f"message {message} is damaged"
    with open(os.path.join(target, f"{message}{['.eml', '.ics', '.ics', '.ics', '.vcf', '.txt', ''][kind]}"), "xb") as f:
        f.write(data)
