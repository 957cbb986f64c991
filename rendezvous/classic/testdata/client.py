"""A client of the classic protocol, written from its description alone.

    client.py SERVER-HOST:PORT USERNAME LISTEN-ADDRESS text|dotnet [one-socket]

It sends from one socket and listens on another, as the original does, or does
both with one, which works behind a router too. Commands come on standard input,
one a line:

    login            log in, fetch the list
    talk NAME TEXT   to somebody in the list, directly
    logout           say goodbye
    quit             end without a goodbye

What happens goes to standard output, one line each: "accept PORT",
"list NAME,ENDPOINT ...", "login NAME ENDPOINT", "logout NAME ENDPOINT",
"talk NAME TEXT", and "other ..." for what the description does not have.
"""

import datetime
import socket
import sys
import threading

server_text, username, listen_address, encoding, *options = sys.argv[1:]
host, _, port_text = server_text.rpartition(":")
server = (host, int(port_text))
codec = "utf-8" if encoding == "text" else "utf-16-le"
sys.stdout.reconfigure(encoding="utf-8")
sys.stdin.reconfigure(encoding="utf-8")

sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sender.bind((listen_address, 0))
listener = sender
if "one-socket" not in options:
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.bind((listen_address, 0))
local_end_point = "%s:%d" % listener.getsockname()

users = {}
printing = threading.Lock()


def say(*words):
    with printing:
        print(*words, flush=True)


def send(text, to):
    sender.sendto(text.encode(codec), to)


def end_point(text):
    address, _, port = text.rpartition(":")
    return (address, int(port))


def read_all(connection):
    data = b""
    while chunk := connection.recv(4096):
        data += chunk
    return data


def read_string(data):
    """What BinaryReader.ReadString of .NET reads."""
    length = shift = used = 0
    while True:
        byte = data[used]
        length |= (byte & 0x7F) << shift
        used, shift = used + 1, shift + 7
        if byte < 0x80:
            break
    if used + length != len(data):
        raise ValueError("the string has %d bytes of %d" % (len(data) - used, length))
    return data[used:].decode("utf-8")


def fetch_list(port):
    with socket.create_connection((host, port), timeout=10, source_address=(listen_address, 0)) as connection:
        data = read_all(connection)
    text = data.decode("utf-8") if encoding == "text" else read_string(data)
    *rows, end = text.split(";")
    if end != "end":
        raise ValueError("the list does not end: %r" % text)
    users.clear()
    for row in rows:
        name, at = row.split(",")
        users[name] = end_point(at)
    say("list", *rows)


def receive(text):
    word, _, rest = text.partition(",")
    if word == "Accept":
        say("accept", rest)
        fetch_list(int(rest))
    elif word == "login":
        name, at = rest.split(",")
        users[name] = end_point(at)
        say("login", name, at)
    elif word == "logout":
        name, at = rest.split(",")
        users.pop(name, None)
        say("logout", name, at)
    elif word == "talk":
        _time, name, message = rest.split(",", 2)
        say("talk", name, message)
    else:
        say("other", repr(text))


def listen():
    while True:
        data, _ = listener.recvfrom(65535)
        try:
            receive(data.decode(codec))
        except (ValueError, OSError) as error:
            say("other", repr(data), repr(error))


threading.Thread(target=listen, daemon=True).start()
for line in sys.stdin:
    command, _, rest = line.rstrip("\n").partition(" ")
    if command == "login":
        send("login,%s,%s" % (username, local_end_point), server)
    elif command == "logout":
        send("logout,%s,%s" % (username, local_end_point), server)
    elif command == "talk":
        name, _, message = rest.partition(" ")
        now = datetime.datetime.now().strftime("%d %B %Y %H:%M:%S")
        send("talk,%s,%s,%s" % (now, username, message), users[name])
    elif command == "quit":
        break
