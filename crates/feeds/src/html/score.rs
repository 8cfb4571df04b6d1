//! Which element of a page holds the article.
//!
//! The idea is that of Arc90's Readability (2009): paragraphs give points to the elements around them, for their
//! commas and their length; what is mostly links gives none. The element with most points is the article, and of it
//! only the blocks that aren't link lists are taken. The share of a paragraph that its parent gets is 1, the next
//! element a half, then a third and so on for [`REACH`] levels, as Mozilla's version has it.

use super::blocks::{Block, Page, Role};

/// Levels up that a paragraph's points go.
const REACH: usize = 5;
/// Bytes below which a block is no paragraph.
const PARAGRAPH_BYTES: usize = 40;
/// The share of a block's bytes in links from which on it is a list of links.
const LINK_SHARE: f64 = 0.5;
/// What an element that calls itself the article is worth more.
const ARTICLE_BONUS: f64 = 1.5;

/// Whether most of a block is links.
pub(super) fn is_links(block: &Block) -> bool {
    block.link_bytes as f64 >= block.text.len() as f64 * LINK_SHARE
}

/// The blocks of the article, by their index, in order.
pub(super) fn article_blocks(page: &Page) -> Vec<usize> {
    let mut points = vec![0.0_f64; page.nodes.len()];
    for block in &page.blocks {
        if block.heading
            || block.text.len() < PARAGRAPH_BYTES
            || is_links(block)
            || page.nodes[block.node].in_boilerplate
        {
            continue;
        }
        let commas = block.text.chars().filter(|letter| matches!(letter, ',' | '、' | '，' | '،')).count();
        let worth = 1.0 + commas.min(10) as f64 + (block.text.len() as f64 / 100.0).min(3.0);
        let plain_share = 1.0 - block.link_bytes as f64 / block.text.len().max(1) as f64;
        let mut node = block.node;
        for level in 0..REACH {
            points[node] += worth * plain_share / (level as f64).max(1.0);
            if node == 0 {
                break;
            }
            node = page.nodes[node].parent;
        }
    }
    for (node, info) in page.nodes.iter().enumerate() {
        if info.role == Role::Article {
            points[node] *= ARTICLE_BONUS;
        }
    }
    let best = (0..points.len()).max_by(|left, right| {
        // Of equals the outer one, which comes first.
        points[*left].total_cmp(&points[*right]).then(right.cmp(left))
    });
    let Some(best) = best.filter(|best| points[*best] > 0.0) else {
        // Nothing looks like a paragraph: all that is no link, and no frame of the page if anything else is left.
        let plain = |at: &usize| !is_links(&page.blocks[*at]);
        let inner = |at: &usize| !page.nodes[page.blocks[*at].node].in_boilerplate;
        let chosen: Vec<usize> = (0..page.blocks.len()).filter(plain).filter(inner).collect();
        return if chosen.is_empty() { (0..page.blocks.len()).filter(plain).collect() } else { chosen };
    };
    let inside = inside_of(page, best);
    (0..page.blocks.len())
        .filter(|at| {
            let block = &page.blocks[*at];
            inside[block.node]
                && !page.nodes[block.node].in_boilerplate
                && (!is_links(block) || is_sentence(block))
        })
        .collect()
}

/// A line that is one link and still a sentence, as in lists of sources, is kept.
fn is_sentence(block: &Block) -> bool {
    block.text.len() >= PARAGRAPH_BYTES * 2 && block.text.ends_with(['.', '!', '?'])
}

/// For each element whether it is `best`, or in it. Parents come before their children, so one pass is enough.
fn inside_of(page: &Page, best: usize) -> Vec<bool> {
    let mut inside = vec![false; page.nodes.len()];
    // An article is often split by its page: where the best is the inner half of an `article`, that is meant.
    let top = enclosing_article(page, best);
    inside[top] = true;
    for node in top + 1..page.nodes.len() {
        inside[node] = inside[page.nodes[node].parent];
    }
    inside
}

fn enclosing_article(page: &Page, best: usize) -> usize {
    let mut node = best;
    for _ in 0..REACH {
        if page.nodes[node].role == Role::Article {
            return node;
        }
        node = page.nodes[node].parent;
    }
    best
}
