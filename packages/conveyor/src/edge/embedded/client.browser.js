// The page script of the edge: to come with the notice.
void 0
