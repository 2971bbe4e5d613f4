//! The words on the buttons that mark a gap, and for what a mark does.

use crate::model::GapMark;

/// Every mark with its name, on buttons and in sentences.
pub const GAP_MARKS: [(GapMark, &str); 4] = [
    (GapMark::HaveIt, "On my CV now"),
    (GapMark::Learning, "Learning it"),
    (GapMark::NotMine, "Not my skill"),
    (GapMark::Noise, "Ignore"),
];

/// What a mark is called.
pub fn mark_name(mark: GapMark) -> &'static str {
    GAP_MARKS.iter().find(|(known, _)| *known == mark).map_or(mark.code(), |(_, name)| name)
}

/// What the owner said of a gap.
pub(in crate::view) fn marked(mark: GapMark) -> String {
    format!("You marked it “{}”", mark_name(mark))
}

/// What reports do with a gap of this mark, as the end of a sentence.
pub const fn mark_consequence(mark: GapMark) -> &'static str {
    match mark {
        GapMark::HaveIt => "reports track it from now on, and open it again if it fails again",
        GapMark::Learning => "reports track it from now on, and stop asking you to add it",
        GapMark::NotMine => "reports list it last from now on, and make no action of it",
        GapMark::Noise => "reports leave it out from now on",
    }
}
