"""A folder of submissions, each judged against one network: a row of marks and a page of feedback each."""
