#!/usr/bin/env python3
"""What Python's email package reads of the mails below a folder: one JSON object a line, in the order of their names.

    read_mail.py FOLDER

A part is its depth, type, file name, and how many bytes other than white space its decoded body has.
"""
import email
import email.policy
import json
import sys
from pathlib import Path


def outline(part, depth):
    rows = [[depth, part.get_content_type()]]
    if part.get_content_maintype() == "message" and part.get_content_type() != "message/rfc822":
        return rows  # email makes parts of the fields in a delivery status
    if part.is_multipart():
        for child in part.get_payload():
            rows += outline(child, depth + 1)
    elif part.get_content_maintype() != "multipart":
        body = part.get_payload(decode=True) or b""
        rows[0].append(sum(1 for byte in body if byte not in b" \t\r\n"))
    return rows


def main():
    for path in sorted(Path(sys.argv[1]).rglob("*.eml")):
        message = email.message_from_bytes(path.read_bytes(), policy=email.policy.compat32)
        print(json.dumps({"file": str(path), "parts": outline(message, 0)}))


if __name__ == "__main__":
    main()
