//! As much of HTTP/1.1 as one client on the same machine needs: one request a connection.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use serde_json::Value;

/// Longer requests are not a conversation of a test.
const LONGEST_BODY: usize = 64 << 20;

/// A request.
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) body: Vec<u8>,
}

/// Reads the request of a connection and hands the connection back for the answer.
pub(super) fn read(stream: TcpStream) -> io::Result<(Request, TcpStream)> {
    let mut reader = BufReader::new(stream);
    let first = line(&mut reader)?;
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let mut length = 0;
    loop {
        let header = line(&mut reader)?;
        let Some((name, value)) = header.split_once(':') else { break };
        if name.eq_ignore_ascii_case("content-length") {
            length = value.trim().parse().map_err(io::Error::other)?;
        }
    }
    if length > LONGEST_BODY {
        return Err(io::Error::other("the request is too long"));
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    Ok((Request { method, path, body }, reader.into_inner()))
}

fn line(reader: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut line = String::new();
    reader.take(64 << 10).read_line(&mut line)?;
    Ok(line.trim_end().to_owned())
}

/// Answers with JSON, or with headers only.
pub(super) fn json(stream: &mut TcpStream, status: u16, body: Option<&Value>) -> io::Result<()> {
    let body = body.map(Value::to_string).unwrap_or_default();
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status} x\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\
         connection: close\r\n\r\n{body}"
    )?;
    stream.flush()
}

/// Answers with server-sent events; the end of the connection ends them.
pub(super) fn events(stream: &mut TcpStream, events: &[Value]) -> io::Result<()> {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n";
    stream.write_all(head.as_bytes())?;
    for event in events {
        let name = event["type"].as_str().unwrap_or_default();
        write!(stream, "event: {name}\ndata: {event}\n\n")?;
    }
    stream.flush()
}
