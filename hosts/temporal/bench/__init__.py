"""What a worker of ours costs beside a plain one of the SDK that does the same, on the same server at the same time."""
