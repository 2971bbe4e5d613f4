//! The week as people read it: one view of a report for the mail, the text, Markdown and the page.
//!
//! [`week::WeekView`] is made of a [`Report`](crate::model::Report), of [`links::Links`] and of
//! [`limits::Limits`]; [`render`] lays it out by the templates of this crate, and [`render::owner_template`]
//! by the owner's. The sentences are in [`phrases`], numbers and dates in [`text`], and a number's
//! page travels with it in a [`links::text::LinkedText`]. Nothing is counted here.

pub mod changes;
mod context;
pub mod figures;
pub mod gaps;
pub mod limits;
pub mod links;
pub mod names;
pub mod phrases;
pub mod render;
pub mod scores;
pub mod text;
pub mod week;
