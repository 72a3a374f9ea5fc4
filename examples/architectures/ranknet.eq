# Which of two comes first
# Burges et al. (2005), Learning to rank using gradient descent
X1, X2: 4 x m input
Y: 1 x m
W: 5 x 4
v: 1 x 5
o = v @ tanh(W @ X1) - v @ tanh(W @ X2)
loss = mean(softplus(o) - Y * o)
