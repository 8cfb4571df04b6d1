//! Words that tell a place from a person, an institution or a plain word.
//!
//! Closed lists of everyday English, written by hand. Each is kept sorted in effect by being searched through a set built
//! once; none is longer than a few hundred words.

use std::collections::HashSet;
use std::sync::OnceLock;

macro_rules! word_list {
    ($(#[$doc:meta])* $name:ident, $file:literal) => {
        $(#[$doc])*
        pub(crate) fn $name(word: &str) -> bool {
            static SET: OnceLock<HashSet<&'static str>> = OnceLock::new();
            SET.get_or_init(|| include_str!(concat!("../data/words/", $file)).split_whitespace().collect())
                .contains(word)
        }
    };
}

word_list!(
    /// Mr, Senator, coach: a person's name follows.
    is_title, "titles.txt"
);
word_list!(
    /// Common first names in English-language news.
    is_first_name, "first-names.txt"
);
word_list!(
    /// Common surnames.
    is_surname, "surnames.txt"
);
word_list!(
    /// Everyday words that are also names of places, and words that start sentences.
    is_plain_word, "plain.txt"
);
word_list!(
    /// University, Police, Court: what a place lends its name to.
    is_institution, "institutions.txt"
);
word_list!(
    /// Street, Road, Highway: with the words before, a street.
    is_street, "streets.txt"
);
word_list!(
    /// River, Park, Valley: with the words before, a feature of the land.
    is_feature, "features.txt"
);
word_list!(
    /// In, near: a place follows, most times.
    is_locating, "locating.txt"
);
word_list!(
    /// To, of, from: a place follows, often enough.
    is_linking, "linking.txt"
);
word_list!(
    /// Said, told, says: a person stands beside.
    is_saying, "saying.txt"
);
word_list!(
    /// Small words inside a name: de, of, upon.
    is_particle, "particles.txt"
);
word_list!(
    /// Resident, area, native: a place stands before.
    is_local, "local.txt"
);

/// The state of a United States postal code.
pub(crate) fn postal_state(code: &str) -> Option<&'static str> {
    const STATES: &str = "AL alabama,AK alaska,AZ arizona,AR arkansas,CA california,CO colorado,CT connecticut,DE delaware,\
        DC washington d c,FL florida,GA georgia,HI hawaii,ID idaho,IL illinois,IN indiana,IA iowa,KS kansas,KY kentucky,\
        LA louisiana,ME maine,MD maryland,MA massachusetts,MI michigan,MN minnesota,MS mississippi,MO missouri,MT montana,\
        NE nebraska,NV nevada,NH new hampshire,NJ new jersey,NM new mexico,NY new york,NC north carolina,ND north dakota,\
        OH ohio,OK oklahoma,OR oregon,PA pennsylvania,RI rhode island,SC south carolina,SD south dakota,TN tennessee,\
        TX texas,UT utah,VT vermont,VA virginia,WA washington,WV west virginia,WI wisconsin,WY wyoming";
    STATES
        .split(',')
        .find_map(|pair| pair.trim().split_once(' ').filter(|(known, _)| *known == code))
        .map(|pair| pair.1)
}
