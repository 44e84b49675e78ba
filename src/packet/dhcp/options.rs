//! Options (RFC 2132): a code, a length, a value.

/// The codes in use here.
pub(super) mod code {
    pub(crate) const PAD: u8 = 0;
    pub(crate) const MASK: u8 = 1;
    pub(crate) const ROUTERS: u8 = 3;
    pub(crate) const DNS: u8 = 6;
    pub(crate) const HOST_NAME: u8 = 12;
    pub(crate) const DOMAIN: u8 = 15;
    pub(crate) const MTU: u8 = 26;
    pub(crate) const REQUESTED_ADDRESS: u8 = 50;
    pub(crate) const LEASE_TIME: u8 = 51;
    pub(crate) const OVERLOAD: u8 = 52;
    pub(crate) const KIND: u8 = 53;
    pub(crate) const SERVER: u8 = 54;
    pub(crate) const LARGEST: u8 = 57;
    pub(crate) const IDENTIFIER: u8 = 61;
    /// Classless static routes (RFC 3442).
    pub(crate) const ROUTES: u8 = 121;
    pub(crate) const END: u8 = 255;
}

/// An option that does not fit where it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Malformed;

/// The options of an area one after another: code and value. Ends at the end mark, at the area's end,
/// or after the first that does not fit, which is an error.
pub(super) fn options(area: &[u8]) -> impl Iterator<Item = Result<(u8, &[u8]), Malformed>> {
    let mut rest = area;
    std::iter::from_fn(move || {
        while let [code::PAD, behind @ ..] = rest {
            rest = behind;
        }
        match *rest {
            [] | [code::END, ..] => None,
            [code, length, ref behind @ ..] if usize::from(length) <= behind.len() => {
                let (value, behind) = behind.split_at(usize::from(length));
                rest = behind;
                Some(Ok((code, value)))
            }
            _ => {
                rest = &[];
                Some(Err(Malformed))
            }
        }
    })
}

/// Writes options into an area, as long as there is room.
pub(super) struct Writer<'a> {
    area: &'a mut [u8],
    length: usize,
}

impl<'a> Writer<'a> {
    pub(super) fn new(area: &'a mut [u8]) -> Self {
        Self { area, length: 0 }
    }

    /// Adds an option; leaves it out if it does not fit or says nothing.
    pub(super) fn put(&mut self, code: u8, value: impl Iterator<Item = u8> + Clone) {
        let count = value.clone().count();
        // The end mark needs a byte too.
        let Some(room) = self.area.get_mut(self.length..).filter(|room| count + 3 <= room.len()) else { return };
        let Ok(length @ 1..) = u8::try_from(count) else { return };
        room[..2].copy_from_slice(&[code, length]);
        room[2..].iter_mut().zip(value).for_each(|(place, byte)| *place = byte);
        self.length += 2 + count;
    }

    /// Adds an option of so many bytes.
    pub(super) fn put_bytes(&mut self, code: u8, value: &[u8]) {
        self.put(code, value.iter().copied());
    }

    /// Ends the options; the bytes that they take.
    pub(super) fn finish(self) -> usize {
        if let Some(end) = self.area.get_mut(self.length) {
            *end = code::END;
        }
        self.length + 1
    }
}
