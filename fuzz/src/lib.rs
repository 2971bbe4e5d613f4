//! What each parser of the product holds to, whatever it is given.
//!
//! A target is a function that takes any bytes, reads them as a parser does, and panics where a property does not
//! hold. `cargo xtask fuzz` looks for such bytes; the tests replay those in `corpus` and `regressions`.
//!
//! In reading order:
//!
//! 1. [`event`]: one message. [`text`]: the events in a text, whatever its form.
//! 2. `queue`: a server in memory, and requests signed by AWS's own signer. [`sqs`]: the queue in both of its
//!    protocols. [`sigv4`]: signatures.
//! 3. [`week`]: weeks and moments.
//! 4. [`archive`]: the lines and the manifest of an archive.
//! 5. [`owner`]: what the owner writes, the CV list and the mail's template.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    clippy::naive_bytecount,
    reason = "a property that does not hold ends the run"
)]

pub mod archive;
pub mod event;
pub mod owner;
mod queue;
pub mod sigv4;
pub mod sqs;
pub mod text;
pub mod week;

/// A parser under its name, which is also that of its folder in `corpus` and `regressions`.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name.
    pub name: &'static str,
    /// Reads any bytes, and panics where a property does not hold.
    pub check: fn(&[u8]),
}

/// Every target, in reading order.
pub const TARGETS: [Target; 10] = [
    Target { name: "event", check: event::check },
    Target { name: "text", check: text::check },
    Target { name: "sqs-json", check: sqs::check_json },
    Target { name: "sqs-query", check: sqs::check_query },
    Target { name: "sigv4", check: sigv4::check },
    Target { name: "week", check: week::check },
    Target { name: "archive-lines", check: archive::check_lines },
    Target { name: "archive-manifest", check: archive::check_manifest },
    Target { name: "cv-list", check: owner::check_cv_list },
    Target { name: "mail-template", check: owner::check_mail_template },
];
