//! Strict HTTP heads. hyper also accepts lines that end in a line feed alone, and a head with two body
//! lengths, which a proxy in front of the service may interpret differently.
//! Source: <https://www.rfc-editor.org/rfc/rfc9112>, sections 2.2 and 6.1

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, ReadBuf};

use super::limits;

/// A byte that is invalid in a head: hyper answers it with 400 and closes the connection.
const REFUSED: u8 = 0;

/// The bytes of a connection, in which an invalid head is replaced by one that hyper refuses.
pub(super) struct Written<R> {
    inner: R,
    reading: Reading,
}

enum Reading {
    /// A head, as received so far.
    Head(Vec<u8>),
    /// A body with this many bytes to come.
    Body(u64),
    /// A chunked body, after which the connection is closed, or refused input.
    Rest,
}

impl<R> Written<R> {
    pub fn new(inner: R) -> Self {
        Self { inner, reading: Reading::Head(Vec::new()) }
    }

    fn look(&mut self, mut bytes: &mut [u8]) {
        while let Some(first) = bytes.first_mut() {
            let taken = match &mut self.reading {
                Reading::Rest => return,
                Reading::Body(left) => {
                    let taken = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                    *left -= taken as u64;
                    if *left == 0 {
                        self.reading = Reading::Head(Vec::new());
                    }
                    taken
                }
                Reading::Head(head) => {
                    let is_bare = *first == b'\n' && head.last() != Some(&b'\r');
                    head.push(*first);
                    let next = match is_bare {
                        true => Some(None),
                        false => ended(head),
                    };
                    if let Some(next) = next {
                        if next.is_none() {
                            *first = REFUSED;
                        }
                        self.reading = next.unwrap_or(Reading::Rest);
                    }
                    1
                }
            };
            bytes = &mut std::mem::take(&mut bytes)[taken..];
        }
    }
}

/// The state after a head, once it is complete. `Some(None)`: the head is refused.
fn ended(head: &mut Vec<u8>) -> Option<Option<Reading>> {
    // Empty lines before a request are ignored.
    if head.as_slice() == b"\r\n" {
        head.clear();
    }
    if head.len() > 2 * limits::HEAD {
        return Some(Some(Reading::Rest));
    }
    head.ends_with(b"\r\n\r\n").then(|| body(head))
}

/// The body of a request with this head. `None`: its length is ambiguous.
fn body(head: &[u8]) -> Option<Reading> {
    let mut headers = [httparse::EMPTY_HEADER; limits::HEADERS];
    let mut request = httparse::Request::new(&mut headers);
    // hyper uses the same parser.
    if !request.parse(head).is_ok_and(|status| status.is_complete()) {
        return Some(Reading::Rest);
    }
    let of = |name: &str| {
        let mut named =
            request.headers.iter().filter(|header| header.name.eq_ignore_ascii_case(name));
        (named.next().map(|header| header.value), named.next().is_some())
    };
    match (of("transfer-encoding"), of("content-length")) {
        ((Some(_), _), (Some(_), _)) | (_, (_, true)) => None,
        ((Some(_), _), _) => Some(Reading::Rest),
        (_, (Some(length), _)) => {
            let length = std::str::from_utf8(length).ok().and_then(|text| text.parse().ok());
            Some(length.map_or(Reading::Rest, |length| match length {
                0 => Reading::Head(Vec::new()),
                length => Reading::Body(length),
            }))
        }
        _ => Some(Reading::Head(Vec::new())),
    }
}

impl<R: AsyncRead + Unpin> AsyncRead for Written<R> {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        let this = self.get_mut();
        let known = buffer.filled().len();
        ready!(Pin::new(&mut this.inner).poll_read(context, buffer))?;
        this.look(&mut buffer.filled_mut()[known..]);
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";

    /// The bytes that hyper receives of a text that arrives in pieces of this size.
    fn seen(text: &str, pieces: usize) -> String {
        let mut written = Written::new(());
        let mut bytes = text.as_bytes().to_vec();
        bytes.chunks_mut(pieces).for_each(|piece| written.look(piece));
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn heads_are_looked_at_and_bodies_are_not_however_they_arrive() {
        let post = "POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\na\n\n";
        for pieces in 1..80 {
            let good = format!("{WHOLE}{post}{WHOLE}\r\n{WHOLE}");
            assert_eq!(seen(&good, pieces), good);
            for bad in [WHOLE.replacen("\r\n", "\n", 1), format!("{post}\n{WHOLE}")] {
                let refused = bad.replacen("1.1\n", "1.1\0", 1).replacen("\n\n\n", "\n\n\0", 1);
                assert_eq!(seen(&format!("{WHOLE}{bad}"), pieces), format!("{WHOLE}{refused}"));
            }
        }
    }

    #[test]
    fn a_head_that_says_twice_how_long_its_body_is_is_refused() {
        for (headers, is_refused) in [
            ("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", true),
            ("Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", true),
            ("Content-Length: 1\r\nContent-Length: 1\r\n", true),
            ("Transfer-Encoding: chunked\r\n", false),
            ("Content-Length: 1\r\n", false),
        ] {
            let head = format!("POST / HTTP/1.1\r\n{headers}\r\n");
            assert_eq!(seen(&head, 7).ends_with('\0'), is_refused, "{headers}");
        }
    }
}
