#!/usr/bin/env python3
"""Writes a tree of made-up mails that look like real ones; the same arguments give the same bytes everywhere.

    tests/bench/make_mails.py DIRECTORY [--mails 20000] [--folders 20] [--min 2048] [--max 8192] [--seed 1]

One mail in 500 holds the word that bench/mount greps for. With --folders 0 all lie in DIRECTORY itself.
"""
import argparse
import base64
import os
import random
from email.utils import format_datetime
from datetime import datetime, timedelta, timezone

NEEDLE = "Zugspitzblick"
FIRST_DAY = datetime(2024, 1, 1, tzinfo=timezone.utc)
GIVEN = ["Anna", "Ravi", "Mei", "Jo", "Søren", "Łukasz", "Zoë", "Hana", "Pedro", "Ines", "Omar", "Kiri", "Björn"]
FAMILY = ["Müller", "Iyer", "Tan", "Sample", "Kjær", "Nowak", "Brandt", "Sato", "Lima", "Moreau", "Haddad", "Ngata"]
HOSTS = ["firma.example", "workshop.example", "library.example", "example.org", "example.net", "mail.example.com"]
TOPICS = ["Angebot", "Invoice", "Minutes of the meeting", "Lunch on Thursday", "Build failed", "Réunion", "Shed",
          "Drawings", "Release notes", "Holiday plan", "Your order", "Weekly report", "Photos", "Contract draft"]
WORDS = ("the of and to in for is on that by this with you it not or be are from at as your all have new more an was "
         "we will home can us about if page my has search free but our one other do no information time they site he "
         "up may what which their news out use any there see only so his when contact here business who web also now "
         "help get view online first been would how were services some these click its like service than find price "
         "date back top people list name just over state year day into email two health world next used go work last "
         "für über nicht können Straße déjà naïve").split()


def encoded(text):
    """A header's phrase as RFC 2047 wants it."""
    if text.isascii():
        return text
    return "=?utf-8?B?" + base64.b64encode(text.encode()).decode() + "?="


def lines(rng, size):
    """Text of about `size` bytes, in lines as people's mail programs wrap them."""
    out, have = [], 0
    while have < size:
        line = " ".join(rng.choices(WORDS, k=rng.randint(6, 12)))
        out.append(line)
        have += len(line.encode()) + 1
        if rng.random() < 0.12:
            out.append("")
            have += 1
    return "\n".join(out) + "\n"


def person(rng):
    given, family, host = rng.choice(GIVEN), rng.choice(FAMILY), rng.choice(HOSTS)
    local = (given + "." + family).lower().encode("ascii", "ignore").decode()
    return f"{encoded(given + ' ' + family)} <{local}@{host}>", host


def mail(rng, number, size, attachment=0, text=lines):
    """The bytes of mail `number`, about `size` of them, and its time.

    `attachment`: that many of them are those of an encoded file. `text`: what writes lines, as lines() does.
    """
    when = FIRST_DAY + timedelta(seconds=number * 1471 + rng.randint(0, 900))
    (sender, host), (receiver, _) = person(rng), person(rng)
    subject = f"{rng.choice(TOPICS)} {rng.randint(1, 9999)}"
    if rng.random() < 0.3:
        subject = "Re: " + subject
    head = [f"Return-Path: <{sender.split('<')[1]}",
            f"Received: from mx.{host} (mx.{host} [192.0.2.{rng.randint(1, 254)}])",
            f"\tby mail.example.org with ESMTPS id {rng.getrandbits(48):012x}",
            f"\tfor <jo@example.org>; {format_datetime(when + timedelta(seconds=4))}",
            f"From: {sender}", f"To: {receiver}", f"Subject: {encoded(subject)}", f"Date: {format_datetime(when)}",
            f"Message-ID: <{rng.getrandbits(64):016x}.{number}@{host}>", "MIME-Version: 1.0"]
    if rng.random() < 0.4:
        head.append(f"References: <{rng.getrandbits(64):016x}.{max(0, number - 7)}@{host}>")
    room = max(200, size - sum(len(line) + 1 for line in head) - 120)
    body = (f"{NEEDLE} {number}\n" if number % 500 == 0 else "")
    kind = 1 if attachment else rng.random()
    if kind < 0.6:
        head += ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit"]
        body += text(rng, room)
    elif kind < 0.85:
        head += [f'Content-Type: multipart/alternative; boundary="b{number}"']
        words = text(rng, max(80, (room - 300) // 2))
        body = (f"--b{number}\nContent-Type: text/plain; charset=utf-8\n\n{body}{words}\n--b{number}\n"
                f"Content-Type: text/html; charset=utf-8\n\n<html><body><p>{words}</p></body></html>\n\n--b{number}--\n")
    else:
        head += [f'Content-Type: multipart/mixed; boundary="b{number}"']
        words = text(rng, room - attachment if attachment else room // 4)
        encoded_size = attachment or max(80, room - len(words.encode()) - 300)
        data = base64.encodebytes(rng.randbytes(encoded_size * 3 // 4)).decode()
        body = (f"--b{number}\nContent-Type: text/plain; charset=utf-8\n\n{body}{words}\n--b{number}\n"
                f'Content-Type: application/pdf\nContent-Disposition: attachment; filename="scan_{number}.pdf"\n'
                f"Content-Transfer-Encoding: base64\n\n{data}\n--b{number}--\n")
    return ("\n".join(head) + "\n\n" + body).encode(), when


def make(directory, mails, folders, low, high, seed):
    rng = random.Random(seed)
    places = [os.path.join(directory, f"folder_{n:02}") for n in range(folders)] or [directory]
    for place in places:
        os.makedirs(place, exist_ok=True)
    for number in range(mails):
        content, when = mail(rng, number, rng.randint(low, high))
        path = os.path.join(places[number % len(places)], f"{when:%Y%m%dT%H%M%SZ}_{number:06}.eml")
        with open(path, "wb") as file:
            file.write(content)
        os.utime(path, (when.timestamp(), when.timestamp()))


def main():
    parser = argparse.ArgumentParser(description="Writes a tree of made-up mails.")
    parser.add_argument("directory")
    parser.add_argument("--mails", type=int, default=20000)
    parser.add_argument("--folders", type=int, default=20)
    parser.add_argument("--min", type=int, default=2048)
    parser.add_argument("--max", type=int, default=8192)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    make(asked.directory, asked.mails, asked.folders, asked.min, asked.max, asked.seed)


if __name__ == "__main__":
    main()
