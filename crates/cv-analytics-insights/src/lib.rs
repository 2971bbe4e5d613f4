//! What a week of questions says: the skills and topics that people ask for.
//!
//! [`SkillDictionary`] knows the skills and finds them in a text; [`OwnerSkills`] are what an owner
//! adds to it; [`topic`] names a question where no skill is known.

mod english_words;
mod folded_words;
mod owner_skills;
mod skill_context;
mod skill_dictionary;
mod skill_forms;
mod skill_mentions;
mod topic;

pub use owner_skills::{OwnerSkills, OwnerSkillsError};
pub use skill_dictionary::{SkillDictionary, SkillId};
pub use skill_mentions::SkillMention;
pub use topic::topic;
