//! The report as plain text, at most 78 columns wide: the twin of the HTML form, with the same
//! content in the same order.

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

use crate::gap_view::{CalibrationView, FollowedView, GapKindView};
use crate::mail_context::MailContext;
use crate::model::Report;
use crate::report_figures::Figure;
use crate::report_view::{CoveragePart, Figures, Lengths, Listing, ReportView};
use crate::skill_view::SkillView;

const COLUMNS: usize = 78;
/// Holds two words together on one line.
const NO_BREAK: char = '\u{a0}';
/// Where the values of a list of figures begin.
const VALUES_AT: usize = 46;

/// Writes the report as plain text with LF line ends.
pub fn render(report: &Report) -> String {
    render_with(report, &MailContext::default())
}

/// The same with what a mail knows besides: links to the dashboard, the next report's date, and the
/// recipient's way out. A link stands on a line of its own, however long.
pub fn render_with(report: &Report, context: &MailContext) -> String {
    let view = ReportView::of(report, context, Lengths::ALL[0]);
    let mut page = Page::default();
    page.line(&format!("CV ANALYTICS · WEEK {}", view.week));
    page.line(&view.days);
    page.blank();
    if let Some(banner) = &view.banner {
        page.paragraph("! ", "! ", &banner.title);
        page.paragraph("! ", "! ", &banner.text);
        page.blank();
    }
    page.paragraph("", "", &view.headline);
    for note in &view.notes {
        page.blank();
        page.paragraph("", "", note);
    }
    if view.week_link.is_some() {
        page.blank();
        page.line("The questions behind every number:");
        page.link("", view.week_link.as_deref());
    }
    if !view.actions.shown.is_empty() {
        page.heading("What to do");
        for (action, number) in view.actions.shown.iter().zip(1..) {
            page.paragraph(&format!("{number}. "), "   ", &action.title);
            page.paragraph("   ", "   ", &action.why);
            page.paragraph("   ", "   ", &action.evidence);
            if let Some(line) = &action.suggestion {
                page.paragraph("   ", "   ", &format!("To copy: {line}"));
            }
            page.link("   ", action.link.as_deref());
        }
        page.more(&view.actions);
    }
    if let Some(figures) = &view.counts {
        page.figures_of_the_week(figures);
    }
    if !view.capture.is_empty() {
        page.heading("What was captured");
        page.figures(&view.capture);
    }
    page.heading("Where this comes from");
    for line in &view.provenance {
        page.paragraph("", "", line);
    }
    page.paragraph("", "", view.next_report.as_deref().unwrap_or_default());
    page.link("", view.mail_link.as_deref());
    if let Some(unsubscribe) = &view.unsubscribe {
        page.blank();
        page.line("Unsubscribe:");
        page.line(unsubscribe);
    }
    page.text
}

/// Text that grows line by line.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn figures_of_the_week(&mut self, figures: &Figures) {
        self.heading("The week in numbers");
        self.figures(&figures.totals);
        self.blank();
        self.coverage(&figures.coverage);
        self.paragraph("", "", &figures.coverage_note);
        self.blank();
        self.figures(&figures.outcomes);

        self.heading("What moved");
        if let Some(note) = &figures.moved_note {
            self.paragraph("", "", note);
        }
        for moved in &figures.moved.shown {
            self.paragraph(
                "",
                "  ",
                &format!("{} {}: {}", moved.skill, moved.mark.unwrap_or_default(), moved.text),
            );
        }
        self.more(&figures.moved);

        if !figures.skills.shown.is_empty() {
            self.heading("What people asked about");
            self.line("Eight weeks, oldest first; this week last.");
            for skill in &figures.skills.shown {
                self.skill(skill);
            }
            self.more(&figures.skills);
        }
        if !figures.gaps.kinds.is_empty() {
            self.heading("What your agent could not answer well");
            for kind in &figures.gaps.kinds {
                self.gap_kind(kind);
            }
            self.paragraph("", "", figures.gaps.more.as_deref().unwrap_or_default());
        }
        if !figures.followed.shown.is_empty() {
            self.heading("Gaps you are closing");
            self.followed(&figures.followed);
        }
        if let Some(calibration) = &figures.calibration {
            self.heading("Where the score misleads");
            self.calibration(calibration);
        }
        let vocabulary = &figures.vocabulary;
        if !vocabulary.rows.shown.is_empty() {
            self.heading("The words they use");
            for row in &vocabulary.rows.shown {
                self.paragraph("", "  ", &format!("{}: {}", row.skill, row.asked));
                if vocabulary.cv_known {
                    let on_cv = row.on_cv.as_deref().unwrap_or("not named");
                    self.paragraph("  ", "  ", &format!("on your CV: {on_cv}"));
                }
            }
            self.more(&vocabulary.rows);
        }
        self.heading("How long answers took");
        if figures.latency.is_empty() {
            self.line("not collected");
        }
        self.figures(&figures.latency);
    }

    /// One bar of the three parts, and what each is.
    fn coverage(&mut self, parts: &[CoveragePart]) {
        if parts.is_empty() {
            return;
        }
        let bar = parts.iter().flat_map(|part| {
            let sign = match part.kind {
                "full" => '█',
                "partial" => '▒',
                _ => '·',
            };
            // At most three roundings up: 54 columns.
            std::iter::repeat_n(sign, usize::try_from(part.width.div_ceil(2)).unwrap_or_default())
        });
        let bar = bar.collect::<String>();
        self.line(&bar);
        for (part, sign) in parts.iter().zip(["█", "▒", "·"]) {
            let note = part.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
            self.paragraph("", "  ", &format!("{sign} {} {}{note}", part.value, part.name));
        }
    }

    fn skill(&mut self, skill: &SkillView) {
        self.blank();
        let mark = skill.mark.map(|mark| format!(" {mark}")).unwrap_or_default();
        let before = skill.before.as_ref().map(|before| format!(", {before}")).unwrap_or_default();
        self.paragraph("", "  ", &format!("{}{mark}: {}{before}", skill.skill, skill.queries));
        let bars = skill.bars.iter().map(|bar| bar.block).collect::<String>();
        self.paragraph("  ", "  ", &format!("{bars}  {}", skill.weeks));
        self.paragraph("  ", "  ", &skill.coverage);
        self.link("  ", skill.link.as_deref());
    }

    fn followed(&mut self, followed: &Listing<FollowedView>) {
        for gap in &followed.shown {
            self.paragraph("- ", "  ", &format!("{} ({}): {}", gap.name, gap.state, gap.text));
            self.link("  ", gap.link.as_deref());
        }
        self.more(followed);
    }

    fn calibration(&mut self, calibration: &CalibrationView) {
        self.paragraph("", "", &calibration.text);
        for example in &calibration.examples {
            let query = example.query.as_ref().map(|query| format!(": “{query}”"));
            let query = query.unwrap_or_default();
            self.paragraph("- ", "  ", &format!("{}{query}", example.figures));
        }
        self.blank();
        self.line(&band_line(&["Score", "Answered", "No match", "Refused", "Failed"]));
        for band in &calibration.bands {
            let cells = [&band.scores, &band.answered, &band.no_match, &band.refused, &band.failed];
            self.line(&band_line(&cells.map(String::as_str)));
        }
        self.link("", calibration.link.as_deref());
    }

    fn gap_kind(&mut self, kind: &GapKindView) {
        self.blank();
        self.paragraph("", "", &format!("{}. {}", kind.title, kind.meaning));
        for gap in &kind.gaps {
            self.paragraph("- ", "  ", &format!("{}: {}", gap.name, gap.evidence));
            for example in &gap.examples {
                self.paragraph("    ", "    ", &format!("“{example}”"));
            }
            for note in gap.related.as_deref().into_iter().chain(gap.mark.as_deref()) {
                self.paragraph("  ", "  ", note);
            }
            self.link("  ", gap.link.as_deref());
        }
    }

    fn figures(&mut self, figures: &[Figure]) {
        for figure in figures {
            let gap = VALUES_AT.saturating_sub(figure.name.width() + 1);
            let note = figure.note.as_ref().map(|note| format!(" ({note})")).unwrap_or_default();
            let name = format!("{} {} ", figure.name, ".".repeat(gap.saturating_sub(1)));
            self.paragraph(&name, "    ", &format!("{}{note}", figure.value));
        }
    }

    fn more<T>(&mut self, listing: &Listing<T>) {
        self.paragraph("", "", listing.more.as_deref().unwrap_or_default());
    }

    /// Writes a link on a line of its own: a broken one opens nothing.
    fn link(&mut self, before: &str, link: Option<&str>) {
        if let Some(link) = link {
            self.line(&format!("{before}{link}"));
        }
    }

    fn heading(&mut self, title: &str) {
        self.blank();
        self.line(&title.to_uppercase());
        self.line(&"-".repeat(title.width()));
    }

    fn blank(&mut self) {
        self.line("");
    }

    fn line(&mut self, line: &str) {
        self.text.push_str(&line.trim_end().replace(NO_BREAK, " "));
        self.text.push('\n');
    }

    /// Writes the words in lines of at most [`COLUMNS`]; a word that is longer is broken. Nothing
    /// is written for no words.
    fn paragraph(&mut self, first: &str, later: &str, words: &str) {
        let mut line = first.to_owned();
        let mut begun = false;
        for word in words.split(' ').filter(|word| !word.is_empty()) {
            if begun && line.width() + 1 + word.width() > COLUMNS {
                self.line(&line);
                later.clone_into(&mut line);
                begun = false;
            }
            if begun {
                line.push(' ');
            }
            for character in word.chars() {
                if line.width() + character.width().unwrap_or_default() > COLUMNS {
                    self.line(&line);
                    later.clone_into(&mut line);
                }
                line.push(character);
            }
            begun = true;
        }
        if begun {
            self.line(&line);
        }
    }
}

/// One row of the table of scores: the band, then four counts.
fn band_line(cells: &[&str; 5]) -> String {
    let [scores, counts @ ..] = cells;
    let mut line = format!("{scores:<10}");
    for count in counts {
        line += &format!("{count:>14}");
    }
    line
}
