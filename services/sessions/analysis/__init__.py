"""The ear: hears what was played in a recording and judges it against the notes of the score.

It works on numbers in memory alone: samples and expected notes in, a judgement out. Reading MusicXML, decoding audio, jobs,
pictures and words are others' business. `notes` is plain Python; everything else needs numpy and belongs in a child process.
"""
