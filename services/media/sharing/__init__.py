"""Who else may read: links for anybody who has them, and audiences that other services keep."""
