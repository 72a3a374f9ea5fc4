# A loss as an expression
X: 3 x m
Y: 2 x m
W: 2 x 3
A = W @ X
loss = mean(where(A > Y, A - Y, 0))
