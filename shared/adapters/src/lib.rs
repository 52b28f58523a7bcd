//! Git, stores, assistants, the terminal, keys and local state behind the engine's ports.
