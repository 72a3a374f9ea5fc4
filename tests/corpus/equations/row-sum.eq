# Softmax written out
# m = 5
Z: 3 x m input
Y: 3 x m
W: 3 x 3
E = exp(W @ Z)
P = E / sum(E, 0)
loss = mse(P, Y)
