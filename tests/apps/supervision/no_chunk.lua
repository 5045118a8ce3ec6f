error("this chunk never loads")
