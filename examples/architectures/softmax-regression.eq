# Softmax regression
# Bridle (1990), Probabilistic interpretation of feedforward classification network outputs
X: 3 x m
Y: 4 x m
W: 4 x 3
b: 4 x 1
P = softmax(W @ X + b)
loss = cross_entropy(P, Y)
