//! A reader's profile, as the API has it: flat, where the file has tables.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use watchfire_feeds::relevance::{self, ProfileError};

/// What somebody says of themselves, so that articles can matter to them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Profile {
    /// Whose it is. In a request it may be left out; if it is there, it is the one of the path.
    #[serde(default)]
    #[schema(max_length = 128)]
    pub(crate) user: String,
    /// What they run.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub(crate) stack: Vec<Installed>,
    /// Their sectors, such as `energy`.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub(crate) sectors: Vec<String>,
    /// Where they are: ISO 3166 codes, names of countries, or names of regions such as `EU` or `DACH`.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub(crate) regions: Vec<String>,
    /// Words and phrases, found as whole words in any case.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub(crate) keywords: Vec<Keyword>,
    /// Threat actors that they watch, by any name.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub(crate) actors: Vec<String>,
    /// Families of malware that they watch.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub(crate) malware: Vec<String>,
    /// Techniques of ATT&CK that they watch, such as `T1190`.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub(crate) techniques: Vec<String>,
    /// Domains that they watch, with all that is under them.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub(crate) domains: Vec<String>,
    /// Words and phrases of which they never want to see an article.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub(crate) muted: Vec<String>,
    /// Feeds of which they never want to see an article, by name or address.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub(crate) muted_sources: Vec<String>,
    /// Articles below this score do not matter to them; 150 if it is left out.
    #[serde(default = "usual_minimum")]
    #[schema(minimum = 0, maximum = 1000)]
    pub(crate) min_score: u16,
}

/// Something that somebody runs: a vendor's everything, or a product.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Installed {
    /// Who makes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    vendor: Option<String>,
    /// The product; without it, everything of the vendor's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    product: Option<String>,
    /// Its version, or the beginning of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    version: Option<String>,
}

/// A word or phrase.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Keyword {
    /// It.
    text: String,
    /// How much it counts, 0.7 to 5; 1 is usual.
    #[serde(default = "usual_weight")]
    weight: f32,
}

fn usual_minimum() -> u16 {
    relevance::Profile::new("").minimum_score
}

fn usual_weight() -> f32 {
    1.0
}

impl Profile {
    /// As the API has it.
    pub(crate) fn of(profile: relevance::Profile) -> Self {
        let installed = |one: relevance::Installed| Installed {
            vendor: one.vendor,
            product: one.product,
            version: one.version,
        };
        let keyword = |one: relevance::Keyword| Keyword { text: one.phrase, weight: one.weight };
        Self {
            user: profile.user,
            stack: profile.stack.into_iter().map(installed).collect(),
            sectors: profile.sectors,
            regions: profile.regions,
            keywords: profile.keywords.into_iter().map(keyword).collect(),
            actors: profile.watch.actors,
            malware: profile.watch.malware,
            techniques: profile.watch.techniques,
            domains: profile.watch.domains,
            muted: profile.muted.keywords,
            muted_sources: profile.muted.sources,
            min_score: profile.minimum_score,
        }
    }

    /// As it is scored by. Nothing of it is checked yet.
    pub(crate) fn into_scored(self) -> relevance::Profile {
        let installed = |one: Installed| relevance::Installed {
            vendor: one.vendor,
            product: one.product,
            version: one.version,
        };
        let keyword = |one: Keyword| relevance::Keyword { phrase: one.text, weight: one.weight };
        relevance::Profile {
            user: self.user,
            minimum_score: self.min_score,
            stack: self.stack.into_iter().map(installed).collect(),
            sectors: self.sectors,
            regions: self.regions,
            keywords: self.keywords.into_iter().map(keyword).collect(),
            watch: relevance::Watched {
                actors: self.actors,
                malware: self.malware,
                techniques: self.techniques,
                domains: self.domains,
            },
            muted: relevance::Muted { keywords: self.muted, sources: self.muted_sources },
        }
    }
}

/// What is wrong with a profile, by the keys of the API, and what to do.
pub(crate) fn wrong(error: &ProfileError) -> (String, &'static str) {
    match error {
        ProfileError::Value { key, problem, hint } => {
            let key = key.strip_prefix("watch.").unwrap_or(key);
            let key = match key.split_once('.') {
                Some(("muted", rest)) => match rest.strip_prefix("sources") {
                    Some(place) => format!("muted_sources{place}"),
                    None => format!("muted{}", rest.trim_start_matches("keywords")),
                },
                _ if key == "minimum_score" => "min_score".to_owned(),
                _ => key.to_owned(),
            };
            (format!("{key}: {problem}"), hint)
        }
        _ => (error.to_string(), "/api/v1/openapi.json describes the body"),
    }
}
