# An embedding used again, transposed, as the output layer
# m = 5; X one-hot; Y one-hot
X: 6 x m
Y: 6 x m
Emb: 4 x 6
W: 4 x 4
b: 4 x 1
Hidden = tanh(W @ (Emb @ X) + b)
Pred = softmax(Emb.T @ Hidden)
loss = cross_entropy(Pred, Y)
