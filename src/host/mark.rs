//! How our own things in the kernel are recognised.

/// The numbers that everything of ours bears. Only what bears them is ever changed or deleted:
///
/// - links: created by this process (its descriptors are open), or taps in `group`;
/// - routes: `protocol`, and in table main only over one of our links, elsewhere only in one of
///   our tables (the table block, or a table that one of our rules or uplinks names);
/// - rules: `protocol` and a priority of the block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mark {
    /// Route and rule protocol number (`rtm_protocol`, `FRA_PROTOCOL`); 201 by default. Numbers that
    /// other programs use (0-18, 42, 80, 84, 99, 186-198) are refused by the configuration.
    pub protocol: u8,
    /// First rule priority of our block.
    pub rule_priority: u32,
    /// First routing table of our block; an uplink without a table of its own gets one from it.
    pub table: u32,
    /// Device group (`IFLA_GROUP`) of our links. The next one is ours too, for links about to be deleted.
    pub group: u32,
}

impl Mark {
    /// Number of rule priorities in the block.
    pub const RULE_PRIORITIES: u32 = 2000;
    /// Number of tables in the block.
    pub const TABLES: u32 = 1000;

    /// True for a rule priority of our block.
    #[must_use]
    pub fn owns_priority(&self, priority: u32) -> bool {
        priority.checked_sub(self.rule_priority).is_some_and(|offset| offset < Self::RULE_PRIORITIES)
    }

    /// True for a table of our block.
    #[must_use]
    pub fn owns_table(&self, table: u32) -> bool {
        table.checked_sub(self.table).is_some_and(|offset| offset < Self::TABLES)
    }
}

impl Default for Mark {
    /// Protocol 201, rules from 20100, tables from 20100, group 20100.
    fn default() -> Self {
        Self { protocol: 201, rule_priority: 20_100, table: 20_100, group: 20_100 }
    }
}
