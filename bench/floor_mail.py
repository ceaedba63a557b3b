"""The floor's mails: the fewest round trips that SMTP allows over connections that stay open."""

import asyncio


class Mailer:
    """A handful of connections, each sending one mail after the other."""

    def __init__(self, port: int, connections: int) -> None:
        self._port = port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []
        self._gate = asyncio.Semaphore(connections)

    async def send(self, to: str, key: str, size: int) -> None:
        body = (b"y" * 76 + b"\r\n") * (size // 78)
        async with self._gate:
            line = self._idle.pop() if self._idle else await self._connect()
            await self._say(line, b"MAIL FROM:<shop@example.com>\r\n")
            await self._say(line, f"RCPT TO:<{to}>\r\n".encode())
            await self._say(line, b"DATA\r\n")
            head = f"From: shop@example.com\r\nTo: {to}\r\nSubject: {key}\r\nMessage-ID: <{key}@example.com>\r\n\r\n"
            await self._say(line, head.encode() + body + b".\r\n")
            self._idle.append(line)

    async def close(self) -> None:
        for _, writer in self._idle:
            writer.close()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        line = await asyncio.open_connection("127.0.0.1", self._port)
        await line[0].readline()
        await self._say(line, b"HELO floor\r\n")
        return line

    async def _say(self, line: tuple[asyncio.StreamReader, asyncio.StreamWriter], words: bytes) -> None:
        reader, writer = line
        writer.write(words)
        answer = await reader.readline()
        if answer[:1] not in b"23":
            raise RuntimeError(f"smtp: {answer!r}")
