"""Other shapes for what media does, one package an app or protocol: OpenSubsonic."""
