# Ordinal regression: cumulative logits between ordered thresholds
# McCullagh (1980), Regression models for ordinal data
X: 3 x m
Y: 4 x m
w: 1 x 3
c: 1 x 1
s: 2 x 1
theta = c + vstack(zeros(1, 1), cumsum(exp(s), axis=0))
F = sigmoid(theta - w @ X)
P = vstack(F, ones(1, m)) - vstack(zeros(1, m), F)
loss = -sum(Y * log(P)) / m
