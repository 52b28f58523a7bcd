//! What is stored as text and comes back through its parser.

use std::fmt::Display;
use std::str::FromStr;

use minicbor::decode::Error as DecodeError;
use minicbor::encode::{Error as EncodeError, Write};
use minicbor::{Decode, Decoder, Encode, Encoder};

/// A value in its one spelling.
pub(super) struct Text<T>(pub(super) T);

impl<T: Display, C> Encode<C> for Text<T> {
    fn encode<W: Write>(&self, e: &mut Encoder<W>, _: &mut C) -> Result<(), EncodeError<W::Error>> {
        e.str(&self.0.to_string())?.ok()
    }
}

impl<'b, T: FromStr, C> Decode<'b, C> for Text<T> {
    fn decode(d: &mut Decoder<'b>, _: &mut C) -> Result<Self, DecodeError> {
        // The text itself stays out of the message: it is private, or hostile.
        let at = d.position();
        let parsed = d.str()?.parse();
        parsed.map(Self).map_err(|_| DecodeError::message("not a valid name").at(at))
    }
}

/// Wraps every item of a list.
pub(super) fn texts<T: Clone>(values: &[T]) -> Vec<Text<T>> {
    values.iter().cloned().map(Text).collect()
}

/// Unwraps every item of a list.
pub(super) fn values<T>(texts: Vec<Text<T>>) -> Vec<T> {
    texts.into_iter().map(|text| text.0).collect()
}
