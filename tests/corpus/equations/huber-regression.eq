# Huber with a number of its own
# m = 5
X: 3 x m
Y: 2 x m
W: 2 x 3
b: 2 x 1
Pred = W @ X + b
loss = huber(Pred, Y, 0.5)
