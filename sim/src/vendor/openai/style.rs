//! How servers that call themselves OpenAI-compatible differ. Engineering experience with each; the
//! names say where the habit was met, not that a server always has it.

/// How often a tool call's id comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToolId {
    /// With the first piece, then the field is missing.
    Once,
    /// With every piece, and the name too.
    Repeated,
    /// With the first piece, then `null`.
    ThenNull,
    /// Never.
    Never,
}

/// A server's habits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// For people.
    pub name: &'static str,
    /// The first chunk has a role and no content.
    pub role_only_chunk: bool,
    /// `index` stands in `tool_calls`.
    pub tool_index: bool,
    /// Arguments come in pieces.
    pub tool_pieces: bool,
    /// How often the id comes.
    pub tool_id: ToolId,
    /// `finish_reason` after tool calls.
    pub tool_finish: &'static str,
    /// A comment before every chunk, as keepalive.
    pub comment: Option<&'static str>,
    /// Field with the model's reasoning, before the answer.
    pub reasoning: Option<&'static str>,
    /// Usage comes in a last chunk with no choices.
    pub usage_chunk: bool,
    /// Lines end with CR LF.
    pub crlf: bool,
    /// A space stands behind `data:`.
    pub space: bool,
    /// Bytes in a piece of the body; `None`: a piece is an event.
    pub piece_bytes: Option<usize>,
}

impl Style {
    /// OpenAI's own.
    pub const OPENAI: Self = Self {
        name: "openai",
        role_only_chunk: true,
        tool_index: true,
        tool_pieces: true,
        tool_id: ToolId::Once,
        tool_finish: "tool_calls",
        comment: None,
        reasoning: None,
        usage_chunk: true,
        crlf: false,
        space: true,
        piece_bytes: None,
    };

    /// All that are known.
    pub const ALL: [Self; 9] = [
        Self::OPENAI,
        Self { name: "groq", tool_pieces: false, ..Self::OPENAI },
        Self { name: "vllm", tool_id: ToolId::Repeated, ..Self::OPENAI },
        Self { name: "together", tool_id: ToolId::ThenNull, usage_chunk: false, ..Self::OPENAI },
        Self {
            name: "ollama",
            role_only_chunk: false,
            tool_index: false,
            tool_pieces: false,
            tool_finish: "stop",
            ..Self::OPENAI
        },
        Self { name: "llama.cpp", tool_id: ToolId::Never, tool_pieces: false, ..Self::OPENAI },
        Self { name: "openrouter", comment: Some(": OPENROUTER PROCESSING"), ..Self::OPENAI },
        Self { name: "deepseek", reasoning: Some("reasoning_content"), ..Self::OPENAI },
        Self {
            name: "behind a proxy that cuts anywhere",
            reasoning: Some("reasoning"),
            crlf: true,
            space: false,
            piece_bytes: Some(7),
            ..Self::OPENAI
        },
    ];
}
